import type { SecondSums, SumBinding } from '../../core/plan/signal-binding.ts';
import { compileMatchers, type LabelTest } from './label-pattern.ts';
import type { Role } from './series-counts.ts';

/** A counter of a signal, and what its series are counted as. */
export interface Column {
  readonly metric: string;
  readonly isMatch: LabelTest;
  roleOf(labels: ReadonlyMap<string, string>): Role;
}

/** The counters that a binding adds up; several are read from the same body, at the same instant. */
export function columnsOf(binding: SumBinding): readonly Column[] {
  const isMatch = compileMatchers(binding.match);
  const column = (metric: string, role: Role): Column => ({ metric, isMatch, roleOf: () => role });
  switch (binding.kind) {
    case 'counter': {
      const isInX = compileMatchers(binding.bad ?? binding.good);
      return [{ metric: binding.counter, isMatch, roleOf: (labels) => (isInX(labels) ? 'nx' : 'n') }];
    }
    case 'count': {
      const { counter, match } = binding.per;
      const per: Column = { metric: counter, isMatch: compileMatchers(match), roleOf: () => 'n' };
      return [per, column(binding.counter, 'x')];
    }
    case 'rate':
      return [column(binding.counter, 'n')];
    case 'moments': {
      const { units, sum, sumOfSquares } = binding;
      const second: SecondSums | undefined = binding.denominator ?? binding.companion;
      const first = [column(units, 'n'), column(sum, 'y'), column(sumOfSquares, 'yy')];
      if (second === undefined) return first;
      const { product } = second;
      return [...first, column(second.sum, 'z'), column(second.sumOfSquares, 'zz'), column(product, 'yz')];
    }
  }
}
