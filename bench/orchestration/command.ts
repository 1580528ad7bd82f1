import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/end-to-end/fixtures/server.ts';

const entry = fileURLToPath(new URL('../../cli/sostenuto.mjs', import.meta.url));
const cwd = fileURLToPath(new URL('.', import.meta.url));

/** The command line in a home of its own, with ports of its own, as a person would type it. */
export async function commandLine(home: string) {
  const ports = { SOSTENUTO_SERVER_PORT: await freePort(), SOSTENUTO_UI_PORT: await freePort(), SOSTENUTO_WEB_PORT: await freePort() };
  const env = {
    ...process.env,
    ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
    SOSTENUTO_HOME: home,
  };
  const start = (...words: string[]) => spawn(process.execPath, [entry, ...words], { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] });
  return {
    /** Resolves with what it printed when it has ended well. */
    run: (...words: string[]): Promise<string> =>
      new Promise((done, failed) => {
        const child = start(...words);
        let said = '';
        child.stdout.on('data', (chunk) => {
          said += String(chunk);
        });
        child
          .on('error', failed)
          .on('close', (code) => (code === 0 ? done(said) : failed(new Error(`${words.join(' ')} ended with ${code}`))));
      }),
    /** Starts something that stays; resolves when it has said its first line. @returns what ends it */
    async stay(...words: string[]): Promise<() => Promise<void>> {
      const child = start(...words);
      const gone = new Promise<void>((done) => child.once('exit', () => done()));
      await Promise.race([new Promise((said) => child.stdout.once('data', said)), gone]);
      return async () => {
        child.kill('SIGTERM');
        await gone;
      };
    },
  };
}
