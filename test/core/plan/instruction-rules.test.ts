import { describe, expect, test } from 'vitest';
import { type InstructionRule, readInstruction } from '../../../src/core/plan/instruction.ts';

/** "hold error_rate > 0.5 points": the rule in one line; a fixed line and stable go unsaid. */
function ruleText(rule: InstructionRule): string {
  const sign = { above: '>', below: '<', either: '±' }[rule.direction];
  const value = rule.compare === 'absolute' ? `=${rule.value} ${rule.unit}` : `${rule.value} ${rule.unit}`;
  const against = rule.against === 'stable' || rule.against === 'fixed' ? '' : ` vs ${rule.against}`;
  return `${rule.action}${rule.notify ? '+notify' : ''} ${rule.metric} ${sign} ${value}${against}`;
}

describe('reads a rule', () => {
  test.each([
    ['Hold if error rate rises 2 points.', 'hold error_rate > 2 points'],
    ['Hold if error rate rises 2% relative', 'hold error_rate > 2 percent'],
    ['Roll back if error rate is above 2%.', 'rollback error_rate > =2 percent'],
    ['Hold if the 5xx rate goes over 1%', 'hold error_rate > =1 percent'],
    ['roll back if p99 goes over 300 ms', 'rollback latency_p99 > =300 ms'],
    ['hold if p99.9 latency exceeds 1.5 seconds', 'hold latency_p99.9 > =1.5 s'],
    ['Roll back if the 99th percentile latency exceeds 2 s', 'rollback latency_p99 > =2 s'],
    ['Hold if p95 latency is 300ms or more', 'hold latency_p95 > =300 ms'],
    ['Hold if error rate increases by a factor of 2', 'hold error_rate > 2 times'],
    ['Roll back if more than 1% of requests fail', 'rollback error_rate > =1 percent'],
    ['Hold: error rate must stay below 1%', 'hold error_rate > =1 percent'],
    ['Hold if median latency is up 5 %', 'hold latency_p50 > 5 percent'],
    ['Hold if p95 latency is more than 10% higher than stable', 'hold latency_p95 > 10 percent'],
    ['Hold if p95 is 20% slower than the old version', 'hold latency_p95 > 20 percent'],
    ['Hold if p95 exceeds stable by more than 50 ms', 'hold latency_p95 > 50 ms'],
    ['roll back if error rate exceeds stable by more than 50 bps', 'rollback error_rate > 0.5 points'],
    ['Roll back if 401s go up by half a point', 'rollback auth.unauthorized_rate > 0.5 points'],
    ['Hold if error rate > 0.5pp', 'hold error_rate > 0.5 points'],
    ['Rollback: error rate +2pp', 'rollback error_rate > 2 points'],
    ['error rate > 2 points → rollback', 'rollback error_rate > 2 points'],
    ['Roll back on a 2x increase in error rate', 'rollback error_rate > 2 times'],
    ['Roll back whenever the error rate more than doubles.', 'rollback error_rate > 2 times'],
    ['Roll back if crash rate triples', 'rollback process.restart_rate > 3 times'],
    ['roll back when the canary has 3x more errors than stable', 'rollback error_rate > 3 times'],
    ['Hold if error rate exceeds 110% of stable', 'hold error_rate > 1.1 times'],
    ["The canary's p99 must never be more than 1.2x the stable p99", 'hold latency_p99 > 1.2 times'],
    ['Hold if cache hit rate drops below 95%', 'hold cache.hit_ratio < =95 percent'],
    ['Hold if cache hit rate drops by more than 3 points', 'hold cache.hit_ratio < 3 points'],
    ['hold if success rate falls below 99.9%', 'hold custom:success rate < =99.9 percent'],
    ['Cache hit ratio at least 90%', 'hold cache.hit_ratio < =90 percent'],
    ["Roll back if cache hit rate isn't at least 85%", 'rollback cache.hit_ratio < =85 percent'],
    ['Hold unless cache hit rate is above 90%', 'hold cache.hit_ratio < =90 percent'],
    ['Error rate must stay below 1%.', 'hold error_rate > =1 percent'],
    ['error rate < 1%', 'hold error_rate > =1 percent'],
    ['We must not exceed 1% errors', 'hold error_rate > =1 percent'],
    ['Keep p95 latency under 300 ms', 'hold latency_p95 > =300 ms'],
    ['Error rate no worse than 0.5 points above stable', 'hold error_rate > 0.5 points'],
    ['Error rate at most 0.5 points over stable.', 'hold error_rate > 0.5 points'],
    ['Latency p95 may not rise more than 10%.', 'hold latency_p95 > 10 percent'],
    ['Error rate should be within 0.5 points of the baseline', 'hold error_rate ± 0.5 points'],
    ['Hold if error rate is not within 10% of stable', 'hold error_rate ± 10 percent'],
    ['Promote only if error rate stays below 1%', 'hold error_rate > =1 percent'],
    ['Promote if p95 is no more than 10% worse than stable', 'hold latency_p95 > 10 percent'],
    ['Do not advance if error rate exceeds 2 points', 'hold error_rate > 2 points'],
    ["Don't advance unless p95 latency is under 300 ms", 'hold latency_p95 > =300 ms'],
    ['Should error rate exceed 2 points, roll back', 'rollback error_rate > 2 points'],
    [
      'Hold if p95 latency rises 15% compared with the previous stage.',
      'hold latency_p95 > 15 percent vs previous_stage',
    ],
    ['Hold if p95 is 5% above the A/B prediction', 'hold latency_p95 > 5 percent vs ab_prediction'],
    ['Alert me if login failures rise by 1 point', 'notify+notify auth.login_failure_rate > 1 points'],
    ['Page the on-call if queue depth goes above 1,000', 'notify+notify queue.depth > =1000 count'],
    [
      'In case error rate exceeds 2 points roll back and let me know',
      'rollback+notify error_rate > 2 points',
    ],
    ['hold if queue age exceeds 5 minutes', 'hold queue.oldest_age > =5 m'],
    ['Hold if 429s exceed 1%', 'hold ratelimit.rejected_rate > =1 percent'],
    ['Hold if 4xx errors rise by 1 point', 'hold http.client_error_rate > 1 points'],
    ['hold if db latency exceeds 50 ms', 'hold db.query_latency_p95 > =50 ms'],
    ['hold if p99 db latency exceeds 50 ms', 'hold custom:p99 db latency > =50 ms'],
    ['hold if cpu above 80%', 'hold process.cpu > =80 percent'],
    ['Hold if payment failures go above 0.2%', 'hold payment.failure_rate > =0.2 percent'],
    ['Hold if throughput drops by 20%', 'hold http.throughput < 20 percent'],
    ['Hold if cache.hit_ratio falls below 80 percent', 'hold cache.hit_ratio < =80 percent'],
    ['Hold if error rate exceeds 0.02', 'hold error_rate > =0.02 share'],
    ['Hold if checkout error rate exceeds 2%', 'hold custom:checkout error rate > =2 percent'],
    ['Hold if `basket_abandon_total` exceeds 50', 'hold custom:basket_abandon_total > =50 count'],
    ['Rolback if eror rate excceds 2 ponits', 'rollback error_rate > 2 points'],
  ])('%s', (text, rule) => {
    const reading = readInstruction(text);
    expect(reading.rules.map(ruleText)).toEqual([rule]);
    expect([...reading.questions, ...reading.unread]).toEqual([]);
    expect(text).toContain(reading.rules[0]?.phrase);
  });
});

describe('reads several rules', () => {
  test.each([
    [
      'Roll back if error rate doubles or p95 latency exceeds 500ms',
      ['rollback error_rate > 2 times', 'rollback latency_p95 > =500 ms'],
    ],
    [
      'Roll back if error rate > 1%, p95 > 300ms or p99 > 1s',
      ['rollback error_rate > =1 percent', 'rollback latency_p95 > =300 ms', 'rollback latency_p99 > =1 s'],
    ],
    [
      'Hold if either p95 or p99 latency rises by more than 20%.',
      ['hold latency_p95 > 20 percent', 'hold latency_p99 > 20 percent'],
    ],
    [
      'Continue as long as p95 stays under 250ms and error rate stays below 0.5%.',
      ['hold latency_p95 > =250 ms', 'hold error_rate > =0.5 percent'],
    ],
    [
      'If error rate doubles then roll back, and if p95 latency rises 20% hold and ping me.',
      ['rollback error_rate > 2 times', 'hold+notify latency_p95 > 20 percent'],
    ],
    [
      'If p95 gets 10% slower, hold; if it gets 50% slower, roll back and page the on-call.',
      ['hold latency_p95 > 10 percent', 'rollback+notify latency_p95 > 50 percent'],
    ],
    [
      'Pause when error rate is 0.5 points higher than stable, roll back when 2 points higher',
      ['hold error_rate > 0.5 points', 'rollback error_rate > 2 points'],
    ],
    [
      'Error rate: hold at +0.5 points, roll back at +2 points',
      ['hold error_rate > 0.5 points', 'rollback error_rate > 2 points'],
    ],
    [
      'Keep error rate and p95 within 5% of stable; roll back if either leaves that band.',
      ['rollback error_rate ± 5 percent', 'rollback latency_p95 ± 5 percent'],
    ],
    [
      'Hold if:\n- error rate exceeds 1%\n- p95 exceeds 300 ms',
      ['hold error_rate > =1 percent', 'hold latency_p95 > =300 ms'],
    ],
    [
      'hold if error rate exceeds 2 points\nroll back if error rate exceeds 5 points',
      ['hold error_rate > 2 points', 'rollback error_rate > 5 points'],
    ],
    [
      'Notify #payments if payment failures rise by 0.2 points and roll back if they double',
      ['notify+notify payment.failure_rate > 0.2 points', 'rollback payment.failure_rate > 2 times'],
    ],
  ])('%s', (text, rules) => {
    const reading = readInstruction(text);
    expect(reading.rules.map(ruleText)).toEqual(rules);
    expect([...reading.questions, ...reading.unread]).toEqual([]);
  });
});
