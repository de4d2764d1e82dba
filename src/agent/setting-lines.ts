import type { ScannedLine } from './code-scanner.ts';

/** Longer lines hold data, not settings. */
const MAX_SETTING_CHARS = 1_000;

const SETTING = /^(\s*)(?:-\s+)?["']?([\w$./@-][\w$./@ -]{0,199}?)["']?\s?(?::(?=\s|$|["'[{\d])|=)\s*(.*)$/;
const PLAIN_VALUE = /^["']?(-?\d[\w.%]*|true|false|yes|no|on|off|null)["']?,?\s*$/i;

/**
 * Reads YAML, TOML, JSON, INI and environment files as `parent.key = value`, so that detectors can look at names.
 *
 * A value is kept in `code` only when it is a number, a duration or a switch; any other value is a string. Parents come
 * from indentation or from a `[section]` line, as far as the lines show them.
 */
export function settingLines(lines: readonly string[]): readonly ScannedLine[] {
  const parents: { readonly indent: number; readonly key: string }[] = [];
  let section = '';
  return lines.map((line) => {
    const text = line.trim();
    if (text === '' || line.length > MAX_SETTING_CHARS || /^(?:#|\/\/|;|<!--)/.test(text)) return blank;
    const header = /^\[{1,2}([\w.\- "]{1,200})\]{1,2}$/.exec(text);
    if (header?.[1] !== undefined) {
      section = `${asName(header[1])}.`;
      return blank;
    }
    const setting = SETTING.exec(line);
    const key = asName(setting?.[2] ?? '');
    if (setting === null || key === '') return { code: '', strings: [text] };
    const indent = setting[1]?.length ?? 0;
    while ((parents.at(-1)?.indent ?? -1) >= indent) parents.pop();
    const path = `${section}${[...parents.map((parent) => parent.key), key].join('.')}`;
    parents.push({ indent, key });
    return settingLine(path, withoutComment(setting[3] ?? ''));
  });
}

const blank: ScannedLine = { code: '', strings: [] };

function settingLine(path: string, value: string): ScannedLine {
  // A parent alone changes nothing by itself.
  if (value === '' || value === '{' || value === '[' || value === '|') return { code: '', strings: [path] };
  const plain = PLAIN_VALUE.exec(value);
  return plain?.[1] === undefined
    ? { code: `${path} = ''`, strings: [value] }
    : { code: `${path} = ${plain[1]}`, strings: [] };
}

function withoutComment(value: string): string {
  const hash = value.indexOf(' #');
  return (hash < 0 ? value : value.slice(0, hash)).trim();
}

function asName(key: string): string {
  return key.trim().replaceAll(/[^\w.]+/g, '_');
}
