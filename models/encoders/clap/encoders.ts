import type { Tf } from '../../backend/index.ts';
import { openCaption, openSound } from '../open.ts';
import { readTokenizer } from '../tokenizer.ts';
import { clapFeatures, readClapExtractor } from './features.ts';

/** Embeds sounds, each by itself. */
export interface SoundEncoder {
  readonly width: number;
  /** Hz */
  readonly sampleRate: number;
  /** Mono at this rate → [width], of length one. */
  encode(wave: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}
/** Embeds captions, each by itself, into the space of sounds. */
export interface CaptionEncoder {
  readonly width: number;
  /** → [width], of length one. */
  encode(caption: string): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** CLAP's sound tower of a folder, with the preparation that its file describes. Throws as `openSound`. */
export async function loadSoundEncoder(tf: Tf, folder: string): Promise<SoundEncoder> {
  const extractor = readClapExtractor(folder);
  const network = await openSound(tf, folder);
  return {
    width: network.width,
    sampleRate: extractor.sampleRate,
    async encode(wave) {
      const { mels, isLonger } = clapFeatures(extractor, wave);
      return network.embed(mels, [isLonger]);
    },
    dispose: network.dispose,
  };
}

/** CLAP's text tower of a folder, with its tokenizer. Throws as `openCaption` and `readTokenizer`. */
export async function loadCaptionEncoder(tf: Tf, folder: string): Promise<CaptionEncoder> {
  const tokenizer = readTokenizer(folder);
  const network = await openCaption(tf, folder);
  return {
    width: network.width,
    encode: (caption) => network.embed([tokenizer.encode(caption, network.most)]),
    dispose: network.dispose,
  };
}
