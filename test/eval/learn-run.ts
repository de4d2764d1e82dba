import { readCases } from './labelled-case.ts';
import { learn, lessonsOf, writeWeights } from './learn.ts';

/** `npm run learn`: what the labelled changes of the build split teach, into src/agent/experience/weights.json. About a minute. */
const lessons = lessonsOf(readCases());
const weights = learn(lessons);
writeWeights(weights);
const count = Object.values(weights.kinds).reduce(
  (sum, { weights: own }) => sum + Object.keys(own).length,
  0,
);
console.log(
  `${lessons.length} labelled changes, ${count} weights of ${Object.keys(weights.kinds).length} signal kinds`,
);
