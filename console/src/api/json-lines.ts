/** Reads an answer that comes as a JSON document a line, each handed on as it comes. The caller says what the documents are. */
export async function readLines<Line>(response: Response, take: (line: Line) => void): Promise<void> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(JSON.parse(line) as Line);
  }
}
