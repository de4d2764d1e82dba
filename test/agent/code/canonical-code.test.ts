import { expect, test } from 'vitest';
import { canonicalCode } from '../../../src/agent/code/canonical-code.ts';
import type { Language } from '../../../src/agent/code/language.ts';

test.each<[Language, string, string]>([
  ['go', 'body, err := ioutil.ReadAll(res.Body)', 'body, err := io.ReadAll(res.Body)'],
  ['go', 'f, err := ioutil.TempFile("", name)', 'f, err := os.CreateTemp("", name)'],
  ['go', 'var out map[string]interface{}', 'var out map[string]any'],
  ['java', 'val key = name.toLowerCase()', 'val key = name.lowercase()'],
  ['java', 'counts.put(id, new Integer(n));', 'counts.put(id, Integer.valueOf(n));'],
  ['ruby', 'before_filter :load_order', 'before_action :load_order'],
  ['ruby', 'order.update_attributes(state: :paid)', 'order.update(state: :paid)'],
  ['typescript', 'const raw = new Buffer(text);', 'const raw = Buffer.from(text);'],
  ['python', 'isinstance(value, collections.Mapping)', 'isinstance(value, collections.abc.Mapping)'],
])('in %s "%s" is as good as "%s"', (language, old, current) => {
  expect(canonicalCode(old, language)).toBe(canonicalCode(current, language));
});

test('another call of the same package is another call', () => {
  expect(canonicalCode('ioutil.ReadFile(p)', 'go')).not.toBe(canonicalCode('io.ReadAll(p)', 'go'));
  expect(canonicalCode('order.update_attribute(:a, 1)', 'ruby')).not.toBe(
    canonicalCode('order.update(:a, 1)', 'ruby'),
  );
});
