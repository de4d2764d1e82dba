import type { ScannedLine } from './code-scanner.ts';

/** Longer lines hold data, not settings. */
const MAX_SETTING_CHARS = 1_000;

const SETTING = /^(\s*)(?:-\s+)?["']?([\w$./@-][\w$./@ -]{0,199}?)["']?\s?(?::(?=\s|$|["'[{\d])|=)\s*(.*)$/;
/** `resource "aws_sqs_queue" "orders" {` */
const HCL_BLOCK = /^(\s*)([a-z][\w-]{0,60})((?:\s+"[\w.-]{1,100}"){0,3})\s*\{$/;
/** nginx and its like: `proxy_read_timeout 10s;` */
const DIRECTIVE = /^(\s*)([a-z][a-z_]{2,60})\s+([^\s;{}][^;{}]{0,300});$/;
/** `<root level="INFO">`, `<maxPoolSize>20</maxPoolSize>`: the last attribute, or what the element holds. */
const XML =
  /^(\s*)<([A-Za-z][\w.-]{0,80})(?:(?:\s+[\w:.-]{1,60}="[^"]{0,200}")*?\s+([\w:.-]{1,60})="([^"]{0,200})"\s*\/?>|>([^<>]{1,200})<\/[\w.-]{1,80}>)$/;
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
  /** `- name: DB_POOL_MAX` says what the `value:` on the next line is called. */
  let named: string | null = null;
  return lines.map((line) => {
    const text = line.trim();
    const before = named;
    named = null;
    if (text === '' || line.length > MAX_SETTING_CHARS || /^(?:#|\/\/|;|<!--)/.test(text)) return blank;
    const header = /^\[{1,2}([\w.\- "]{1,200})\]{1,2}$/.exec(text);
    if (header?.[1] !== undefined) {
      section = `${asName(header[1])}.`;
      return blank;
    }
    const block = HCL_BLOCK.exec(line);
    if (block !== null) {
      const indent = block[1]?.length ?? 0;
      while ((parents.at(-1)?.indent ?? -1) >= indent) parents.pop();
      parents.push({ indent, key: asName(`${block[2]} ${block[3] ?? ''}`.replaceAll('"', ' ').trim()) });
      return blank;
    }
    const element = XML.exec(line);
    if (element !== null) {
      const [, , tag, attribute, quoted, inner] = element;
      return settingLine(
        asName(attribute === undefined ? (tag ?? '') : `${tag}.${attribute}`),
        quoted ?? inner ?? '',
      );
    }
    const setting = SETTING.exec(dockerSetting(line)) ?? DIRECTIVE.exec(line);
    const key = asName(setting?.[2] ?? '');
    if (setting === null || key === '') return { code: '', strings: [text] };
    const indent = setting[1]?.length ?? 0;
    while ((parents.at(-1)?.indent ?? -1) >= indent) parents.pop();
    const value = withoutComment(setting[3] ?? '');
    if (key === 'name') named = /^["']?([A-Za-z][\w.-]{1,80})["']?,?$/.exec(value)?.[1] ?? null;
    const called = key === 'value' && before !== null ? asName(before) : key;
    const path = `${section}${[...parents.map((parent) => parent.key), called].join('.')}`;
    parents.push({ indent, key });
    return settingLine(path, value);
  });
}

const blank: ScannedLine = { code: '', strings: [] };

function settingLine(path: string, written: string): ScannedLine {
  const value = written.replace(/^&[\w-]{1,60}\s+/, '');
  // A parent alone changes nothing by itself.
  // An anchor names what stands below it; nothing is set by the name.
  if (/^(?:[{[|>]-?|[&*][\w-]+)?$/.test(value)) return { code: '', strings: [path] };
  const plain = PLAIN_VALUE.exec(value);
  return plain?.[1] === undefined
    ? { code: `${path} = ''`, strings: [value] }
    : { code: `${path} = ${plain[1]}`, strings: [] };
}

/** A line of a Dockerfile that sets a variable, without its verb: `ENV WORKERS=4`. */
function dockerSetting(line: string): string {
  return /^(?:ENV|ARG)\s+[A-Z]\w{0,80}=/.test(line) ? line.replace(/^(?:ENV|ARG)\s+/, '') : line;
}

function withoutComment(value: string): string {
  const hash = value.indexOf(' #');
  return (hash < 0 ? value : value.slice(0, hash)).trim();
}

function asName(key: string): string {
  return key.trim().replaceAll(/[^\w.]+/g, '_');
}
