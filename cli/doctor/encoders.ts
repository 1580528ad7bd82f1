import type { Config } from '../config/config.ts';
import { loadPipelines } from '../config/load.ts';
import type { SettingsOptions } from '../request.ts';
import type { Check } from './check.ts';

/** Whether the weights are there that a run of `video-to-audio` with these settings needs; nothing in a project without it. */
export async function checkEncoders(config: Config, settings: SettingsOptions): Promise<readonly Check[]> {
  // A module that cannot be loaded is told by the check of the pipelines.
  const pipelines = await loadPipelines(config).catch(() => undefined);
  if (!pipelines?.has('video-to-audio')) return [];
  const { listWeights, firstPreset } = await import('../session/encoder-weights.ts');
  const asked = { ...settings, preset: settings.preset ?? firstPreset };
  const [listed] = await listWeights(asked, false, { config, pipelines });
  return (listed?.needs ?? []).map(({ role, encoder, status, folder, missing, problem, published }) => {
    const name = `encoder for ${role}`;
    if (status === 'built in') return { name, status: 'ok', found: `${encoder} (built in)` };
    if (status === 'there') return { name, status: 'ok', found: `${encoder} in ${folder}` };
    return {
      name,
      status: 'fail',
      found: problem?.replaceAll(/\s*\n\s*/g, '; ') ?? `no ${missing.join(', ')} in ${folder}`,
      fix: published ? `sostenuto weights fetch --preset ${asked.preset}` : 'correct the folder, or set another one by --set encoders.…',
    };
  });
}
