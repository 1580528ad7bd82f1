import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RunRequest } from '../activities/messages.ts';
import { settingsFrom } from './assignments.ts';

/** Settings on the command line. */
export interface SettingsOptions {
  readonly preset?: string;
  readonly set?: readonly string[];
}
/** What a person says about a run there. */
export interface RequestOptions extends SettingsOptions {
  readonly from?: string;
  readonly adopt?: string;
  readonly onFailure?: 'fail' | 'wait';
}

export const collected = (word: string, before: readonly string[] = []): string[] => [...before, word];

/** The options that make up settings, the same for every verb that reads some. */
export function declareSettings(command: Command, preset?: string): Command {
  return command
    .option('--preset <name>', `starting point of the settings${preset === undefined ? "; default: the pipeline's first" : ''}`, preset)
    .option('--set <path=value>', 'one setting, for example textToAudio.steps=900; may be repeated', collected);
}

/** Those of a run's request. */
export function declareRequest(command: Command): Command {
  return declareSettings(command)
    .option('--from <node>', 'run this node and everything below it again, whatever the cache says')
    .option('--adopt <checkpoint>', 'start a changed training from a checkpoint: [<node>=]<trajectory>[/<step>]')
    .addOption(new Option('--on-failure <what>', 'end the run, or wait for retry and skip').choices(['fail', 'wait']));
}

/** @throws SostenutoError `BAD_USAGE` for settings that cannot be read. */
export function requestOf(pipeline: string, { preset, set = [], from, adopt, onFailure }: RequestOptions): RunRequest {
  return {
    pipeline,
    ...(preset === undefined ? {} : { preset }),
    ...(set.length === 0 ? {} : { settings: settingsFrom(set) }),
    ...(from === undefined ? {} : { from }),
    ...(adopt === undefined ? {} : { adopt }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

/** Reads an option that is a whole number. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('It has to be a whole number.');
  return value;
}
