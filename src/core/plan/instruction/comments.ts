/**
 * Sets Markdown's comments aside: nobody sees them where the text is shown, so nothing in them is an instruction. The rest
 * keeps its places. An opening without an end hides everything behind it, as it does on the page.
 */
export function withoutComments(text: string): {
  readonly visible: string;
  readonly hidden: readonly string[];
} {
  const shown: string[] = [];
  const hidden: string[] = [];
  let at = 0;
  for (let from = text.indexOf('<!--'); from !== -1; from = text.indexOf('<!--', at)) {
    const end = text.indexOf('-->', from + 4);
    const to = end === -1 ? text.length : end + 3;
    const comment = text.slice(from, to);
    shown.push(text.slice(at, from), comment.replace(/[^\n]/g, ' '));
    if (/[\p{L}\p{N}]/u.test(comment)) hidden.push(comment.trim());
    at = to;
  }
  return { visible: [...shown, text.slice(at)].join(''), hidden };
}
