import type { Command } from 'commander';
import { print, printJson, say } from '../output.ts';
import { declareSettings, type SettingsOptions } from '../request.ts';

export function declare(command: Command): void {
  declareSettings(
    command
      .command('import')
      .description('Take weights with the released names in, so that a run can start from them.')
      .argument('<file>', 'safetensors, as the authors’ code names its modules'),
    'paper',
  )
    .requiredOption('--stage <node>', 'what they are the weights of: joint, velocity, preferred, roll-predictor-binary, …')
    .addHelpText(
      'after',
      `
Examples:
  sostenuto weights import base.safetensors --stage joint
  sostenuto run video-to-audio --preset paper --set weights.joint=<digest> --set joint.steps=0

Names and shapes must be those of the preset's network; what differs is told at once. Prints the setting that starts from it.`,
    )
    .action(async (file: string, options: SettingsOptions & { stage: string; json?: boolean }) => {
      const { importWeights } = await import('../session/weights.ts');
      const { artifact, parameters, leftOut, stage, preset } = await importWeights(file, options);
      for (const [what, tensors] of leftOut) say(`left out: ${tensors} tensors of ${what}`);
      const setting = `weights.${stage}=${artifact.digest}`;
      say(
        `${(parameters / 1e6).toFixed(1)} million weights. Start from them: sostenuto run video-to-audio --preset ${preset} --set ${setting}`,
      );
      if (options.json) printJson({ stage, preset, parameters, artifact, setting, leftOut: Object.fromEntries(leftOut) });
      else print(setting);
    });
  command
    .command('export')
    .description('Write the weights of a trained model with the released names.')
    .argument('<model>', '<run>:<node>, or the digest of a model')
    .argument('<file>', 'safetensors to write')
    .addHelpText('after', '\nExample:\n  sostenuto weights export video-to-audio-20261123-101500-1f2e:preferred preferred.safetensors')
    .action(async (model: string, file: string, options: { json?: boolean }) => {
      const { exportWeights } = await import('../session/weights.ts');
      const { digest, parameters } = await exportWeights(model, file);
      say(`${(parameters / 1e6).toFixed(1)} million weights of ${digest.slice(0, 12)}`);
      if (options.json) printJson({ file, digest, parameters });
      else print(file);
    });
}
