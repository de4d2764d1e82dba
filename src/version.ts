/** The one place the version stands besides package.json; a test holds them together. */
export const VERSION = '0.1.0';
