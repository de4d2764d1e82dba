import type { Model, ModelOutcome, ModelRequest, ModelUsage } from '../../../src/ports/model.ts';

export const USAGE: ModelUsage = { input: 100, cacheRead: 10, cacheWritten: 20, output: 50 };

export interface ScriptedModel extends Model {
  readonly asked: readonly ModelRequest[];
}

/** A model that answers from a list; the last answer is given again for ever. */
export function scriptedModel(
  ...answers: readonly (ModelOutcome | ((request: ModelRequest) => ModelOutcome | Promise<ModelOutcome>))[]
): ScriptedModel {
  const asked: ModelRequest[] = [];
  return {
    id: 'model-x',
    asked,
    ask: async (request) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(request);
      if (answer === undefined) throw new RangeError('a script has at least one answer');
      return typeof answer === 'function' ? answer(request) : answer;
    },
  };
}

export function says(text: string, usage: ModelUsage = USAGE): ModelOutcome {
  return { kind: 'message', stop: 'end', text, calls: [], said: [{ type: 'text', text }], usage };
}

export function calls(
  ...wanted: readonly { readonly name: string; readonly input: unknown }[]
): ModelOutcome & { readonly kind: 'message' } {
  const list = wanted.map(({ name, input }, at) => ({ id: `call-${at}`, name, input }));
  return {
    kind: 'message',
    stop: 'tools',
    text: '',
    calls: list,
    said: list.map((call) => ({ type: 'tool_use', ...call })),
    usage: USAGE,
  };
}
