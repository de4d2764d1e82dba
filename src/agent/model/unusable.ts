const UNUSABLE = {
  refused: 'it declined to read this change',
  output_limit: 'its answer was cut off',
  context_window: 'the change is larger than it can hold',
  turns: 'it was still reading when its turns were used up',
  tokens: 'it was still reading when its tokens were used up',
  time: 'it took too long',
  overloaded: 'its server is overloaded',
  not_authorised: 'its server does not accept the key',
  bad_request: 'its server does not accept the request',
  unreachable: 'its server cannot be reached',
  server: 'its server failed',
  bad_reply: 'its server answered with something that is no message',
  schema: 'its answer is not of the agreed form',
  aborted: 'it was stopped',
  no_key: 'there is no ANTHROPIC_API_KEY in the environment',
  broken: 'it broke, and the log says how',
} as const;

export type Unusable = keyof typeof UNUSABLE;

/** Why the model gave nothing that can be used, as a reason people read beside the plan. */
export function reasonText(why: Unusable): string {
  return `The model took no part in this plan: ${UNUSABLE[why]}.`;
}
