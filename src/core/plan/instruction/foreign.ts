/** Words that English does not have and its neighbours use in every sentence. */
const ELSEWHERE: ReadonlySet<string> = new Set(
  (
    'le la les un une des du et en est sur pour avec dans si der die das und ist mit bei wenn nicht auf von el los las para por con que si het een niet ' +
    'naar als og til ikke och att il lo gli di che per se non ou nous vous mais aux au den dem zu em um uma os as dos da na no'
  ).split(' '),
);

/** True for a word that gives a neighbouring language away. English never uses it alone. */
export function isElsewhere(word: string): boolean {
  return ELSEWHERE.has(word);
}
