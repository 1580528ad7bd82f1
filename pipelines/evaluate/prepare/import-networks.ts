import { mkdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Run } from '../../../engine/define/task.ts';
import { hashFile } from '../../../engine/store/store.ts';
import { bring, takeEncoder } from '../../video-to-audio/prepare/import-encoder.ts';
import { filesOf } from '../sources.ts';
import type { importNetworks as declaration, NetworkIdentity } from '../tasks.ts';

/**
 * Takes the networks that judge into the store: `<network>.safetensors` or `.onnx`, and folders by the name of their network. What sees or reads the
 * originals is kept apart from what hears sounds, so that another one of these describes nothing anew. Throws as `takeEncoder`.
 */
export const importNetworks: Run<typeof declaration> = async ({ params: { files, clip, clap }, context }) => {
  const { workDirectory } = context;
  const [describing, listening] = [join(workDirectory, 'describing'), join(workDirectory, 'listening')];
  for (const place of [describing, listening]) await mkdir(place);
  if (clip) await takeEncoder(clip, join(describing, 'clip'));
  if (clap) for (const place of [describing, listening]) await takeEncoder(clap, join(place, 'clap'));
  for (const [network, { path }] of Object.entries(files)) await bring(path, join(listening, `${network}${extname(path)}`));
  const identities = new Map((await Promise.all([describing, listening].map(identify))).flat());
  return { describing, listening, identities: [...identities.values()].sort((a, b) => (a.file < b.file ? -1 : 1)) };
};

const identify = (folder: string): Promise<[string, NetworkIdentity][]> =>
  Promise.all(
    filesOf(folder).map(async (file) => {
      const path = join(folder, file);
      return [file, { file, bytes: (await stat(path)).size, sha256: await hashFile(path) }];
    }),
  );
