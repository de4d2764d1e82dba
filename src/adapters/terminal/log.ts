import type { Log } from '../../ports/log.ts';

/** One line of text an entry, fields as JSON behind it. */
export function lineLog(write: (line: string) => void): Log {
  const say = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
    write(`${level} ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`);
  return { info: say('info'), warn: say('warn') };
}
