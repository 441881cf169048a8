/** Wildcards of policies. Takes time in proportion to both texts' lengths, whatever they are: policies come from users. */

/** `*` is any text, `?` any one character. */
export function isLike(text: string, pattern: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (from < pattern.length && pattern[from] !== '*' && (pattern[from] === '?' || pattern[from] === text[at])) {
      at++;
      from++;
    } else if (from < pattern.length && pattern[from] === '*') {
      star = from++;
      resume = at;
    } else if (star >= 0) {
      from = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[from] === '*') from++;
  return from === pattern.length;
}
