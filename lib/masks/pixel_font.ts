// Letters of 5 by 7 pixels, for words in pictures.
//
// Drawn for this project, so that labels look alike on machines with no fonts
// at all. Capitals only, Latin and Cyrillic, digits and signs: small letters
// are shown as capitals, letters with accents without them, anything else as a
// question mark.

/** Size of a letter without the space around it. */
export const letterSize = { width: 5, height: 7 } as const;

/** Seven rows, each a digit of base 32: its five bits are the pixels from left to right. */
const letters: Readonly<Record<string, string>> = {
  " ": "0000000",
  "!": "4444004",
  '"': "aaa0000",
  "#": "aavavaa",
  "%": "op248j3",
  "&": "cik8lid",
  "'": "c480000",
  "(": "2488842",
  ")": "8422248",
  "*": "04lel40",
  "+": "044v440",
  ",": "0000c48",
  "-": "000v000",
  ".": "00000cc",
  "/": "01248g0",
  "0": "ehjlphe",
  "1": "4c4444e",
  "2": "eh1248v",
  "3": "v2421he",
  "4": "26aiv22",
  "5": "vgu11he",
  "6": "68guhhe",
  "7": "v124888",
  "8": "ehhehhe",
  "9": "ehhf12c",
  ":": "0cc0cc0",
  ";": "0cc0c48",
  "<": "248g842",
  "=": "00v0v00",
  ">": "8421248",
  "?": "eh12404",
  "@": "eh1dlle",
  A: "ehhvhhh",
  B: "uhhuhhu",
  C: "ehggghe",
  D: "uhhhhhu",
  E: "vgguggv",
  F: "vgguggg",
  G: "ehgnhhe",
  H: "hhhvhhh",
  I: "e44444e",
  J: "72222ic",
  K: "hikokih",
  L: "ggggggv",
  M: "hrllhhh",
  N: "hhpljhh",
  O: "ehhhhhe",
  P: "uhhuggg",
  Q: "ehhhlid",
  R: "uhhukih",
  S: "fgge11u",
  T: "v444444",
  U: "hhhhhhe",
  V: "hhhhha4",
  W: "hhhllla",
  X: "hha4ahh",
  Y: "hhha444",
  Z: "v1248gv",
  "[": "e88888e",
  "\\": "0g84210",
  "]": "e22222e",
  _: "000000v",
  "|": "4444444",
  Б: "vgguhhu",
  Г: "vgggggg",
  Д: "6aaaavh",
  Ж: "lle4ell",
  З: "eh161he",
  И: "hhjlphh",
  Й: "4hjlphh",
  Л: "799999h",
  П: "vhhhhhh",
  У: "hhhf12c",
  Ф: "4ellle4",
  Ц: "iiiiiv1",
  Ч: "hhhf111",
  Ш: "llllllv",
  Щ: "lllllv1",
  Ъ: "o88e99e",
  Ы: "hhhpllp",
  Ь: "ggguhhu",
  Э: "eh171he",
  Ю: "illtlli",
  Я: "fhhf59h",
};

/** Cyrillic letters that look like Latin ones. */
const likenesses: Readonly<Record<string, string>> = {
  А: "A",
  В: "B",
  Е: "E",
  Ё: "E",
  К: "K",
  М: "M",
  Н: "H",
  О: "O",
  Р: "P",
  С: "C",
  Т: "T",
  Х: "X",
};

/** The rows of each letter of a text, top to bottom; the highest of five bits is the left pixel. */
export function letterRows(text: string): readonly (readonly number[])[] {
  return [...text.toUpperCase()].map((letter) =>
    Array.from(shapeOf(letter), (digit) => parseInt(digit, 32))
  );
}

function shapeOf(letter: string): string {
  const known = (sign: string): string | undefined =>
    Object.hasOwn(letters, sign) ? letters[sign] : undefined;
  const like = Object.hasOwn(likenesses, letter) ? likenesses[letter] : letter;
  const bare = letter.normalize("NFD")[0];
  return known(like) ?? known(bare) ?? letters["?"];
}
