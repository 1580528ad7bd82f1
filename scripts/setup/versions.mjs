/** Version numbers as the programs print them. */

/** Numbers of a dotted version; anything after them is ignored. @param {string} text @returns {number[]} */
export function parseVersion(text) {
  const match = /(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(text);
  return match ? match.slice(1).map((part) => Number(part ?? 0)) : [];
}

/** Whether version `found` is not older than `least`. @param {string} found @param {string} least @returns {boolean} */
export function isAtLeast(found, least) {
  const a = parseVersion(found);
  const b = parseVersion(least);
  if (a.length === 0) return false;
  for (let i = 0; i < b.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * First lines of `ffmpeg -version` or `ffprobe -version`. Builds from git have no release number, so the library's
 * major version is what can be compared: libavcodec 58 came with FFmpeg 4.
 * @param {string} text
 * @returns {{ version: string, libavcodec: string }}
 */
export function parseFfmpegVersion(text) {
  const version = /^ff(?:mpeg|probe) version (\S+)/m.exec(text)?.[1];
  const libavcodec = /^libavcodec\s+(\d+)\.\s*(\d+)\.\s*(\d+)/m.exec(text)?.slice(1).join('.');
  if (version === undefined || libavcodec === undefined) throw new Error(`not the output of ffmpeg -version: ${text.slice(0, 80)}`);
  return { version, libavcodec };
}

/**
 * `temporal --version`: "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)". One that `go install` built calls itself 0.0.0-DEV, so the server's number counts.
 * @param {string} text
 * @returns {{ cli: string, server: string, ui: string }}
 */
export function parseTemporalVersion(text) {
  const match = /temporal version (\S+) \(Server ([\w.-]+), UI ([\w.-]+)\)/i.exec(text);
  if (!match) throw new Error(`not the output of temporal --version: ${text.slice(0, 80)}`);
  const [, cli = '', server = '', ui = ''] = match;
  return { cli, server, ui };
}
