import { SostenutoError } from '../../../errors/problem.ts';

/** The fields of an Encodec `config.json` that shape the waveform encoder and decoder (24 kHz family: mono, causal, weight norm). */
export interface EncodecConfig {
  readonly sampling_rate: number;
  readonly audio_channels: 1;
  readonly num_filters: number;
  /** Channels of a latent frame. */
  readonly hidden_size: number;
  readonly num_residual_layers: number;
  /** From the latent to the waveform; their product is the number of samples a frame. */
  readonly upsampling_ratios: readonly number[];
  readonly norm_type: 'weight_norm';
  readonly kernel_size: number;
  readonly last_kernel_size: number;
  readonly residual_kernel_size: number;
  readonly dilation_growth_rate: number;
  readonly use_causal_conv: true;
  readonly pad_mode: 'reflect';
  readonly compress: number;
  /** 0 leaves the recurrent layers out; the layers keep their numbers. */
  readonly num_lstm_layers: number;
  readonly trim_right_ratio: 1;
  readonly use_conv_shortcut: boolean;
}

/** The published 24 kHz model. */
export const ENCODEC_24KHZ: EncodecConfig = {
  sampling_rate: 24000,
  audio_channels: 1,
  num_filters: 32,
  hidden_size: 128,
  num_residual_layers: 1,
  upsampling_ratios: [8, 5, 4, 2],
  norm_type: 'weight_norm',
  kernel_size: 7,
  last_kernel_size: 7,
  residual_kernel_size: 3,
  dilation_growth_rate: 2,
  use_causal_conv: true,
  pad_mode: 'reflect',
  compress: 2,
  num_lstm_layers: 2,
  trim_right_ratio: 1,
  use_conv_shortcut: true,
};

/** Samples a latent frame. */
const hopLength = (config: EncodecConfig): number => config.upsampling_ratios.reduce((product, ratio) => product * ratio, 1);
export const framesPerSecond = (config: EncodecConfig): number => config.sampling_rate / hopLength(config);

const FIXED = ['audio_channels', 'norm_type', 'use_causal_conv', 'pad_mode', 'trim_right_ratio'] as const;
const COUNTS = [
  'sampling_rate',
  'num_filters',
  'hidden_size',
  'num_residual_layers',
  'kernel_size',
  'last_kernel_size',
  'residual_kernel_size',
  'dilation_growth_rate',
  'compress',
] as const;

/** Reads a parsed `config.json`; other fields are ignored, missing ones take the published values. Throws `ENCODEC_CONFIG` with every field that does not fit. */
export function parseEncodecConfig(json: unknown, where = 'config.json'): EncodecConfig {
  const given = typeof json === 'object' && json !== null ? Object.entries(json) : [];
  const config = { ...ENCODEC_24KHZ, ...Object.fromEntries(given.filter(([name]) => name in ENCODEC_24KHZ)) } as EncodecConfig;
  const wrong = (field: keyof EncodecConfig, expected: string) => ({
    code: 'ENCODEC_CONFIG',
    what: 'This Encodec configuration is not supported.',
    where: `${where}, ${field}`,
    found: JSON.stringify(config[field]),
    expected,
  });
  const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0;
  const problems = [
    ...FIXED.filter((field) => config[field] !== ENCODEC_24KHZ[field]).map((field) => wrong(field, JSON.stringify(ENCODEC_24KHZ[field]))),
    ...COUNTS.filter((field) => !isCount(config[field])).map((field) => wrong(field, 'a whole number > 0')),
  ];
  if (!Array.isArray(config.upsampling_ratios) || !config.upsampling_ratios.every(isCount))
    problems.push(wrong('upsampling_ratios', 'whole numbers > 0'));
  if (config.num_lstm_layers !== 0 && !isCount(config.num_lstm_layers)) problems.push(wrong('num_lstm_layers', 'a whole number ≥ 0'));
  if (typeof config.use_conv_shortcut !== 'boolean') problems.push(wrong('use_conv_shortcut', 'true or false'));
  if (problems.length > 0) throw new SostenutoError(problems);
  return config;
}
