/** Keeps what was asked for last, up to about so many bytes, and makes the rest again. */
export function recentlyRead<Value>(mostBytes: number, bytesOf: (value: Value) => number) {
  const held = new Map<string, Value>();
  let bytes = 0;
  return (key: string, make: () => Value): Value => {
    const found = held.get(key);
    const value = found ?? make();
    if (found === undefined) bytes += bytesOf(value);
    // The one that was asked for longest ago comes first in a map.
    held.delete(key);
    held.set(key, value);
    for (const [oldest, dropped] of held) {
      if (bytes <= mostBytes || oldest === key) break;
      held.delete(oldest);
      bytes -= bytesOf(dropped);
    }
    return value;
  };
}
