import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyDiff } from '../../src/demo/apply-diff.ts';

const SHOP = fileURLToPath(new URL('../../fixtures/shop/', import.meta.url));

/** The shop's source as it is without any change. */
export const BASE = join(SHOP, 'base');

export interface Pull {
  readonly id: string;
  readonly title: string;
  readonly flag: string;
  readonly diffPath: string;
  readonly diff: string;
}

export function readPulls(): readonly Pull[] {
  const listed: readonly { id: string; title: string; flag: string; diff: string }[] = JSON.parse(
    readFileSync(join(SHOP, 'pulls.json'), 'utf8'),
  );
  return listed.map((pull) => {
    const diffPath = join(SHOP, pull.diff);
    return { ...pull, diffPath, diff: readFileSync(diffPath, 'utf8') };
  });
}

/** A copy of the shop's source, with a pull request applied or without. The caller removes it. */
export async function copyOfShop(pullId: string | null): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), 'shop-'));
  cpSync(BASE, copy, { recursive: true });
  if (pullId === null) return copy;
  const pull = readPulls().find(({ id }) => id === pullId);
  if (pull === undefined) throw new Error(`no pull request ${pullId}`);
  await applyDiff(pull.diff, copy);
  return copy;
}
