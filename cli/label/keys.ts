/** Keys as they are pressed, or from a pipe letter by letter; it ends with the input, and with Ctrl-C or Ctrl-D. */
export async function* keysOf(input: NodeJS.ReadStream): AsyncGenerator<string, undefined> {
  const { isTTY } = input;
  if (isTTY) input.setRawMode(true);
  try {
    for await (const chunk of input.setEncoding('utf8')) {
      for (const key of String(chunk)) {
        if (key === '\u0003' || key === '\u0004') return;
        if (key.trim() !== '') yield key;
      }
    }
  } finally {
    if (isTTY) input.setRawMode(false);
  }
}
