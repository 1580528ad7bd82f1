import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why plain operations compute in place of the fused kernels. @param tools `<package root>/.sostenuto` */
export function whyPlain(tools: string, environment: Readonly<Record<string, string | undefined>> = process.env): string {
  if (environment['SOSTENUTO_KERNELS'] === 'plain') return 'SOSTENUTO_KERNELS';
  try {
    const { kernels }: { kernels?: { reason?: string } } = JSON.parse(readFileSync(join(tools, 'setup.json'), 'utf8'));
    if (kernels?.reason !== undefined) return kernels.reason;
  } catch {
    // Not set up, or by an older set-up.
  }
  return 'none that load here; npx sostenuto setup compiles them';
}
