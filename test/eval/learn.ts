import { writeFileSync } from 'node:fs';
import { byCodeUnit } from '../../src/agent/by-code-unit.ts';
import { changedFileOf } from '../../src/agent/code/changed-code.ts';
import { newnessOf } from '../../src/agent/code/newness.ts';
import { withoutRefactoring } from '../../src/agent/code/refactoring.ts';
import { readDiff } from '../../src/agent/diff/diff.ts';
import { drawnFrom } from '../../src/agent/drawing.ts';
import { FOR, isOpenQuestion, signsOf } from '../../src/agent/experience/nothing-new.ts';
import { traitsOf } from '../../src/agent/experience/traits.ts';
import { KINDS, type WeightedSum, type Weights } from '../../src/agent/experience/weights.ts';
import type { SignalKind } from '../../src/core/plan/signal-kinds.ts';
import { digestOf } from '../../src/ports/digest.ts';
import type { LabelledCase } from './labelled-case.ts';
import { type Example, regress, type Side } from './logistic.ts';

const PATH = new URL('../../src/agent/experience/weights.json', import.meta.url);
/** What a signal is worth that is only a reasonable second thought, where one that must be watched is worth 1. */
const NICE = 0.15;
/** A trait of one change alone says more about that change than about any other. */
const FEWEST_CASES = 2;
/** Lighter weights are not worth their place. */
const LEAST_WEIGHT = 0.04;

/** A labelled change as it is learned from. */
export interface Lesson {
  readonly name: string;
  readonly traits: ReadonlyMap<string, number>;
  /** What speaks for and against its saying nothing new; null where that is no question. */
  readonly signs: ReadonlyMap<string, number> | null;
  /** False where no changed file can change behaviour: then there is nothing to judge. */
  readonly isJudged: boolean;
  readonly must: readonly SignalKind[];
  readonly nice: readonly SignalKind[];
  readonly isEmpty: boolean;
}

/** What may be learned from: the build split, never the held-out one. */
export function lessonsOf(cases: readonly LabelledCase[]): readonly Lesson[] {
  return cases.filter(({ label }) => label.split === 'build').map(lessonOf);
}

export function lessonOf({ name, diff, label }: LabelledCase): Lesson {
  const files = withoutRefactoring(
    readDiff(diff)
      .files.map(changedFileOf)
      .filter((file) => file !== null),
  );
  const traits = traitsOf(files, drawnFrom(files));
  const newness = newnessOf(files);
  return {
    name,
    traits: new Map([...traits].map(([trait, { amount }]) => [trait, amount])),
    signs: isOpenQuestion(newness) ? signsOf(newness) : null,
    isJudged: files.length > 0,
    must: label.must,
    nice: label.nice,
    isEmpty: label.empty,
  };
}

/** What the weights are learned from: when it changes, they are to be learned anew. */
export function digestOfLessons(lessons: readonly Lesson[]): string {
  return digestOf(
    lessons.toSorted(byName).map(({ traits, signs, ...rest }) => ({
      ...rest,
      traits: [...traits].sort(),
      signs: signs === null ? null : [...signs].sort(),
    })),
  );
}

/** The same lessons give the same weights, in whatever order they come. */
export function learn(lessons: readonly Lesson[]): Weights {
  const judged = lessons.filter(({ isJudged }) => isJudged).toSorted(byName);
  const counts = new Map<string, number>();
  for (const { traits } of judged)
    for (const name of traits.keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const isKept = (name: string): boolean => (counts.get(name) ?? 0) >= FEWEST_CASES;
  const examples = judged.map(({ traits }): Example => new Map([...traits].filter(([name]) => isKept(name))));
  const kinds: { [Kind in SignalKind]?: WeightedSum } = {};
  for (const kind of KINDS) {
    const worth = judged.map(({ must, nice }) => (must.includes(kind) ? 1 : nice.includes(kind) ? NICE : 0));
    kinds[kind] = regress(examples, worth, () => 'never below zero', LEAST_WEIGHT);
  }
  const sideOf = (sign: string): Side => (FOR.has(sign) ? 'never below zero' : 'never above zero');
  const open = judged.flatMap(({ signs, isEmpty }) => (signs === null ? [] : [{ signs, isEmpty }]));
  const nothingNew = regress(
    open.map(({ signs }) => signs),
    open.map(({ isEmpty }) => (isEmpty ? 1 : 0)),
    sideOf,
    0,
  );
  return { learnedFrom: digestOfLessons(lessons), kinds, nothingNew };
}

export function writeWeights(weights: Weights): void {
  writeFileSync(PATH, `${JSON.stringify(weights, null, 1)}\n`);
}

function byName(a: Lesson, b: Lesson): number {
  return byCodeUnit(a.name, b.name);
}
