import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordFiles } from '../../src/adapters/model-records/record-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'records-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a record is found again by its key, in another life too, and by its owner alone', async () => {
  const inner = join(folder, 'model');
  expect(await recordFiles(inner).get('key')).toBeNull();
  await recordFiles(inner).put('key', { reply: 'text' });
  expect(await recordFiles(inner).get('key')).toEqual({ reply: 'text' });
  expect(await recordFiles(inner).get('other')).toBeNull();
  const [name = ''] = readdirSync(inner);
  expect(readdirSync(inner)).toHaveLength(1);
  expect(statSync(join(inner, name)).mode & 0o077).toBe(0);
});

test('a key names no path', async () => {
  await recordFiles(folder).put('../../escaped', { reply: 'text' });
  expect(readdirSync(folder)).toHaveLength(1);
});

test('a damaged record counts as none; a folder that cannot be read is said to be', async () => {
  const records = recordFiles(folder);
  await records.put('key', { reply: 'text' });
  const [name = ''] = readdirSync(folder);
  writeFileSync(join(folder, name), '{"reply": "te');
  expect(await records.get('key')).toBeNull();
  await expect(recordFiles(join(folder, name)).get('key')).rejects.toThrow();
});
