import { type Check, isRequired, type Line, type Measure, measureOf } from './check.ts';
import { bandFloor } from './line-text.ts';
import type { Proposal, ProposedCheck, Unobservable } from './proposal.ts';
import { checkId, type Measurable, uniqueId } from './rule-checks.ts';
import { SIGNAL_KINDS, type SignalKind } from './signal-kinds.ts';

/** At most this many proposed checks vote in one plan; what is dropped is recorded. */
export const PROPOSED_CAP = 8;

/** Hold lines of proposed checks, which come without one: half a point, a fifth of a latency or a count, half of a level. */
const SHARE_HOLD: Line = { compare: 'difference', by: 0.005 };
/** A hit ratio or completion rate moves more than an error rate does before it matters. */
const HIGH_SHARE_HOLD: Line = { compare: 'difference', by: 0.05 };
const QUANTILE_TIMES = 1.2;
const LEVEL_TIMES = 1.5;
const COUNT_TIMES = 1.2;
/** Business means move little, and a twentieth of one matters. */
const MEAN_TIMES = 1.05;

export interface CompiledProposals {
  readonly checks: readonly Check[];
  readonly dropped: readonly { readonly what: string; readonly why: string }[];
  readonly unobservable: readonly Unobservable[];
}

/**
 * Proposed checks as plan lines. They never touch a required one: they live under ids of their own, hold at most, and what a
 * required check already watches is dropped. What cannot be compared or measured is said, not watched.
 */
export function checksOfProposals(
  proposals: readonly Proposal[],
  required: readonly Check[],
  measurable: Measurable,
): CompiledProposals {
  const checks: Check[] = [];
  const dropped: { what: string; why: string }[] = [];
  const unobservable: Unobservable[] = [];
  const votesOf = (some: readonly Check[]) => some.filter((check) => check.severity !== 'advisory').length;
  for (const proposal of proposals) {
    for (const proposed of proposal.checks) {
      const blocked = whyNotSeen(proposed, measurable);
      if (blocked !== null) {
        unobservable.push({
          what: SIGNAL_KINDS[proposed.signalKind].text,
          why: blocked,
          proposed: { ...proposed, source: proposal.source },
        });
        continue;
      }
      const watchedBy = [...required, ...checks].find(
        (check) =>
          check.signal === proposed.signalKind &&
          check.intent === proposed.intent &&
          // Words that only want to be told watch nothing; a proposed check of the same kind does no more.
          (check.severity !== 'advisory' || !isRequired(check)),
      );
      const compiled = checksOf(proposed, proposal.source, checks);
      if (watchedBy !== undefined) {
        dropped.push({ what: proposed.signalKind, why: `already watched by ${watchedBy.id}` });
      } else if (compiled.length === 0) {
        dropped.push({ what: proposed.signalKind, why: 'an expected change needs a direction' });
      } else if (votesOf(checks) + votesOf(compiled) > PROPOSED_CAP) {
        dropped.push({ what: proposed.signalKind, why: `more than ${PROPOSED_CAP} proposed checks` });
      } else {
        checks.push(...compiled);
      }
    }
    unobservable.push(...proposal.unobservable);
  }
  return { checks, dropped, unobservable: distinct(unobservable) };
}

function whyNotSeen(proposed: ProposedCheck, measurable: Measurable): string | null {
  if (proposed.intent === 'not_observable' || proposed.flags.includes('not_observable_in_ladder')) {
    return proposed.why;
  }
  if (proposed.flags.includes('shared_by_both_fleets')) {
    return `both fleets share it, so no comparison can show it: ${proposed.why}`;
  }
  if (measurable !== null && !measurable.has(proposed.signalKind)) {
    return `no signal is configured for ${proposed.signalKind}: ${proposed.why}`;
  }
  return null;
}

function checksOf(
  proposed: ProposedCheck,
  source: Proposal['source'],
  others: readonly Check[],
): readonly Check[] {
  const kind = SIGNAL_KINDS[proposed.signalKind];
  const measure = measureOf(kind.shape);
  const isExpected = proposed.intent === 'expect_change';
  const informsOnly = isExpected || proposed.flags.includes('new_series');
  return directionsOf(proposed).map((worse) => {
    const id = `${source}:${checkId({ signal: proposed.signalKind, measure }, worse)}${isExpected ? '/expected' : ''}`;
    return {
      id: uniqueId(id, others),
      signal: proposed.signalKind,
      measure,
      worse,
      hold: informsOnly ? null : defaultHold(proposed.signalKind, measure, worse),
      rollback: null,
      severity: informsOnly ? 'advisory' : 'major',
      intent: proposed.intent,
      flags: proposed.flags,
      why: proposed.why,
      provenance: [{ source, from: proposed.proposedBy, evidence: proposed.evidence }],
    };
  });
}

/** An expected change is worse when it goes the other way. */
function directionsOf(proposed: ProposedCheck): readonly Check['worse'][] {
  if (proposed.intent === 'expect_change') {
    if (proposed.direction === 'either') return [];
    return [proposed.direction === 'increase' ? 'decrease' : 'increase'];
  }
  return proposed.direction === 'either' ? ['increase', 'decrease'] : [proposed.direction];
}

function defaultHold(kind: SignalKind, measure: Measure, worse: Check['worse']): Line {
  switch (measure.kind) {
    case 'share':
      return SIGNAL_KINDS[kind].worse === 'decrease' ? HIGH_SHARE_HOLD : SHARE_HOLD;
    case 'quantile':
      return bandOf(QUANTILE_TIMES, worse, measure);
    case 'count':
    case 'share_over':
      return bandOf(COUNT_TIMES, worse, measure);
    case 'mean':
    case 'ratio':
      return bandOf(MEAN_TIMES, worse, measure);
    case 'level':
      return bandOf(LEVEL_TIMES, worse, measure);
  }
}

function bandOf(times: number, worse: Check['worse'], measure: Measure): Line {
  return { compare: 'band', times: worse === 'increase' ? times : 1 / times, floor: bandFloor(measure) };
}

function distinct(entries: readonly Unobservable[]): readonly Unobservable[] {
  return entries.filter((entry, at) => entries.findIndex((other) => other.what === entry.what) === at);
}
