/** What a command's end means to a script; the table in the README is checked against this. */
export const EXIT = {
  done: 0,
  error: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  held: 10,
  rolledBack: 11,
  awaitsPerson: 12,
  interrupted: 130,
} as const;

/** Ends a command with a message for people and a code for scripts; no stack trace. */
export class CommandEnd extends Error {
  override readonly name = 'CommandEnd';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
