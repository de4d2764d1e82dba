/** What the process says of itself to its operator. Never the record of a rollout: that is the store's event log. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
