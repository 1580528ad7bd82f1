/** Hertz of all sound in the pipeline. */
export const SAMPLE_RATE = 24_000;
/** Latents and piano rolls, rows a second. */
export const LATENT_RATE = 75;
/** Pictures of the keys, and frames for the video stream, a second. */
export const PICTURE_RATE = 25;
