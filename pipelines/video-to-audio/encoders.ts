import { SostenutoError } from '../../errors/problem.ts';
import type { Settings } from './settings.ts';

/** Tiles in a row of the pictures that the stand-in for CLIP sees. */
export const CELLS = 8;

/** Widths of what the encoders give. The first of each kind needs no weights from elsewhere; the others are the paper's. */
export const ENCODERS = {
  text: { 'hashed-words': 64, 'flan-t5-large': 1024 },
  image: { 'colour-grid': CELLS * CELLS * 3, 'clip-vit-bigg-14': 1280 },
  codec: { sostenuto: 32, 'encodec-24khz': 128 },
} as const;

/** Widths that the networks of a run are built for. */
export const widthsOf = ({ encoders: { text, image, codec } }: Settings) => ({
  text: ENCODERS.text[text],
  video: ENCODERS.image[image],
  latents: ENCODERS.codec[codec],
});

/** Throws `ENCODER_MISSING` unless the encoder is the one that is there. */
export function requireEncoder(wanted: string, available: string): void {
  if (wanted === available) return;
  throw new SostenutoError({
    code: 'ENCODER_MISSING',
    what: `The encoder ${wanted} cannot be run by this version.`,
    found: wanted,
    expected: available,
    hint: 'choose it by --set encoders.…, or take another preset',
  });
}
