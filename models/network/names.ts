/**
 * Names of the weights: those of the released PyTorch modules, in torch's layouts ([out, in], kernels [channel, 1, taps]),
 * so that authors' checkpoints load as they are and ours can be read by their code.
 * For historical reasons "text" there means the video stream and "frames" the piano roll.
 */
export const STREAMS = ['audio', 'video', 'extra'] as const;
export type Stream = (typeof STREAMS)[number];

const PREFIX: Record<Stream, string> = { audio: '', video: 'text_', extra: 'frames_' };
const layer = (index: number, stream: Stream, part: string) => `transformer.layers.${index}.${STREAMS.indexOf(stream)}.${part}`;

export const registersName = (stream: Stream) => `transformer.${PREFIX[stream]}registers`;
/** A buffer there, computed here. */
export const rotaryName = (stream: Stream) => `transformer.${PREFIX[stream]}rotary_emb.inv_freq`;
/** A buffer: never trained, but saved. */
export const FOURIER = 'transformer.time_cond_mlp.0.weights';
export const TIME = 'transformer.time_cond_mlp.1';
export const POSITIONS = 'transformer.abs_pos_emb.weight';
export const FINAL_NORM = 'transformer.final_norm.g';
export const INPUT = 'proj_in';
export const OUTPUT = 'to_pred';
export const ROLL_INPUT = 'proj_frames';
/** Not in the released modules, whose widths are equal. */
export const TEXT_INPUT = 'proj_text';
export const VIDEO_INPUT = 'proj_video';

/** Parts of an audio layer, in the order in which they run. */
export const audioNames = (index: number) => ({
  skip: layer(index, 'audio', '0.weight'),
  conv: layer(index, 'audio', '1.dw_conv1d.0'),
  selfNorm: layer(index, 'audio', '2.to_gamma.weight'),
  self: layer(index, 'audio', '3'),
  selfGate: layer(index, 'audio', '4.to_gamma'),
  crossNorm: layer(index, 'audio', '5.to_gamma.weight'),
  cross: layer(index, 'audio', '6'),
  crossGate: layer(index, 'audio', '7.to_gamma'),
  feedForwardNorm: layer(index, 'audio', '8.to_gamma.weight'),
  feedForward: layer(index, 'audio', '9'),
  feedForwardGate: layer(index, 'audio', '10.to_gamma'),
});

/** Parts of a video or extra layer. */
export const sideNames = (index: number, stream: 'video' | 'extra') => ({
  conv: layer(index, stream, '0.dw_conv1d.0'),
  attentionNorm: layer(index, stream, '1.g'),
  attention: layer(index, stream, '2'),
  feedForwardNorm: layer(index, stream, '3.g'),
  feedForward: layer(index, stream, '4'),
});

/** Maps between the streams. The one to audio has another name with the extra stream than without. */
export const mapNames = (index: number, withExtra: boolean) => ({
  toAudio: layer(index, 'video', `5.${withExtra ? 'text_frames_to_audio' : 'text_to_audio'}.weight`),
  toVideo: layer(index, 'video', '5.audio_to_text.weight'),
  toExtra: layer(index, 'video', '5.audio_to_frames.weight'),
});

export const attentionNames = (prefix: string) => ({
  query: `${prefix}.to_q.weight`,
  key: `${prefix}.to_k.weight`,
  value: `${prefix}.to_v.weight`,
  out: `${prefix}.to_out.weight`,
  gate: `${prefix}.to_v_head_gate.weight`,
  gateBias: `${prefix}.to_v_head_gate.bias`,
});

export const feedForwardNames = (prefix: string) => ({
  inner: `${prefix}.ff.0.proj.weight`,
  innerBias: `${prefix}.ff.0.proj.bias`,
  outer: `${prefix}.ff.2.weight`,
  outerBias: `${prefix}.ff.2.bias`,
});
