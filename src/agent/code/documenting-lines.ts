import type { Language } from './language.ts';

/** Annotations that only describe an interface to those who read about it: OpenAPI (swagger-core, NestJS, Swashbuckle). */
const DOCUMENTING: { readonly [Name in Language]?: RegExp } = {
  java: /^\s*@(?:Operation|ApiResponses?|ApiOperation|ApiParam|ApiModel|ApiModelProperty|Schema|Parameters?|Tags?|ExternalDocumentation|OpenAPIDefinition)\b\s?[({]?/,
  typescript:
    /^\s*@Api(?:Operation|\w*Response|Property(?:Optional)?|Tags|Param|Query|Body|Header|Extra\w*|Bearer\w*|\w*Auth)\(/,
  csharp:
    /^\s*\[(?:SwaggerOperation|SwaggerResponse|SwaggerSchema|SwaggerTag|ProducesResponseType|EndpointSummary|EndpointDescription|Tags)\b/,
  php: /^\s*#\[OA\\\w+/,
};

/** Which lines of one side, stripped of comments and texts, stand in such an annotation and hold nothing else. */
export function documentingLines(codes: readonly string[], language: Language): ReadonlySet<number> {
  const head = DOCUMENTING[language];
  const found = new Set<number>();
  for (let from = 0; head !== undefined && from < codes.length; from += 1) {
    if (!head.test(codes[from] ?? '')) continue;
    const to = endOf(codes, from);
    // What ends with something else than its bracket stands before a declaration on the same line.
    if (to === null || !/[)\]]\s*$|^\s*@\w+\s*$/.test(codes[to] ?? '')) continue;
    for (let at = from; at <= to; at += 1) found.add(at);
    from = to;
  }
  return found;
}

/** More lines than this no annotation has. */
const MOST_LINES = 60;

/** Where the brackets that open at a line are closed again; null where the hunk ends before. */
function endOf(codes: readonly string[], from: number): number | null {
  let open = 0;
  for (let at = from; at < Math.min(codes.length, from + MOST_LINES); at += 1) {
    for (const sign of codes[at] ?? '') {
      if ('([{'.includes(sign)) open += 1;
      else if (')]}'.includes(sign)) open -= 1;
    }
    if (open <= 0) return open < 0 ? null : at;
  }
  return null;
}
