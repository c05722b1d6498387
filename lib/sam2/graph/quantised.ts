// Products of whole numbers of 8 bits, for processors without a GPU beside them.
export {};
