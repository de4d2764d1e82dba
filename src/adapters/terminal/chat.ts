import type { Chat } from '../../ports/chat.ts';

/** Tells people on a stream of lines: standard error for `serve`, whatever the demo wants to show. */
export function terminalChat(write: (line: string) => void): Chat {
  return {
    tell: async (message) => {
      const mark = message.urgency === 'alert' ? '!!' : message.urgency === 'needs_person' ? ' ?' : '  ';
      write(`${mark} ${message.headline}`);
      for (const line of message.lines) write(`   ${line}`);
    },
  };
}
