import { type Answer, type Answering, rules } from './answer.ts';
import { fixedWatch, keywordScan } from './baselines.ts';
import type { LabelledCase } from './labelled-case.ts';
import { pairsOf, type RelationResult, relationsOf } from './metamorphic.ts';
import { isRecorded, recorded } from './model-layer.ts';
import { type CaseScore, scoreOf } from './score.ts';

export interface PlannerScores {
  readonly planner: string;
  readonly scores: readonly CaseScore[];
}

/** Everything a run found out; the first of `planners` is the one judged, the others are there to compare with. */
export interface Evaluation {
  readonly planners: readonly PlannerScores[];
  readonly relations: readonly RelationResult[];
}

export const SPLITS = ['build', 'held_out'] as const;

/** Asks the rules and the naive planners about every case. Each case is planned on its own. */
export async function evaluate(cases: readonly LabelledCase[]): Promise<Evaluation> {
  const judged = rules();
  const answers = await answersOf(judged, cases);
  const planners: PlannerScores[] = [{ planner: judged.name, scores: scored(cases, answers) }];
  for (const planner of [fixedWatch(), keywordScan()]) {
    planners.push({ planner: planner.name, scores: scored(cases, await answersOf(planner, cases)) });
  }
  if (isRecorded()) {
    const scores: CaseScore[] = [];
    for (const each of cases) {
      const answer = await recorded(each.name).answer({ diff: each.diff, title: each.label.title });
      scores.push(scoreOf(each, answer));
    }
    planners.push({ planner: 'rules and recorded model', scores });
  }
  return { planners, relations: [pairsOf(answers, cases), ...(await relationsOf(judged, cases))] };
}

async function answersOf(
  planner: Answering,
  cases: readonly LabelledCase[],
): Promise<ReadonlyMap<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const { name, diff, label } of cases) {
    answers.set(name, await planner.answer({ diff, title: label.title }));
  }
  return answers;
}

function scored(cases: readonly LabelledCase[], answers: ReadonlyMap<string, Answer>): readonly CaseScore[] {
  return cases.flatMap((each) => {
    const answer = answers.get(each.name);
    return answer === undefined ? [] : [scoreOf(each, answer)];
  });
}
