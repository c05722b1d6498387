// Pixels in memory: colour images and masks, both row-major and plain data.

/** An 8-bit RGB image, `[height, width, 3]`, row-major. */
export type RgbImage = {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
};

/** A mask, `[height, width]`, row-major; 1 is inside the object, 0 outside. */
export type Bitmap = {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
};

/** An image of object numbers, `[height, width]`, row-major; 0 is background. */
export type IndexImage = {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
};

/** A colour, each channel 0..255. */
export type Rgb = readonly [red: number, green: number, blue: number];
