export { ENCODEC_24KHZ, type EncodecConfig, framesPerSecond, hopLength, parseEncodecConfig } from './config.ts';
export { decodedSamples, type Encodec, latentFrames, loadEncodec } from './encodec.ts';
