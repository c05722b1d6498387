import { deepEqual, throws } from "node:assert/strict";
import { parseVocXml, vocXml } from "medannotate";

Deno.test("parseVocXml() reads a file of the challenge: from 1, parts passed over", () => {
  // As in VOC2012, with decimals and a part of a body.
  const text = `<annotation>
	<folder>VOC2012</folder>
	<filename>2007_000027.jpg</filename>
	<source><database>The VOC2007 Database</database></source>
	<size><width>486</width><height>500</height><depth>3</depth></size>
	<segmented>0</segmented>
	<object>
		<name>person</name>
		<difficult>1</difficult>
		<bndbox><xmax>349</xmax><xmin>174.5</xmin><ymax>351</ymax><ymin>101</ymin></bndbox>
		<part><name>head</name>
			<bndbox><xmin>169</xmin><ymin>104</ymin><xmax>209</xmax><ymax>146</ymax></bndbox>
		</part>
	</object>
</annotation>`;
  deepEqual(parseVocXml(text), {
    folder: "VOC2012",
    fileName: "2007_000027.jpg",
    size: { width: 486, height: 500 },
    segmented: false,
    objects: [{
      name: "person",
      box: { x0: 173.5, y0: 100, x1: 349, y1: 351 },
      difficult: true,
    }],
  });
});

Deno.test("vocXml() gives names with signs back", () => {
  const annotation = {
    folder: "",
    fileName: 'a "b" & c.jpg',
    size: { width: 4, height: 4 },
    segmented: true,
    objects: [{ name: "<polyp> & co", box: { x0: 0, y0: 0, x1: 1, y1: 4 } }],
  };
  deepEqual(parseVocXml(vocXml(annotation)), annotation);
});

Deno.test("parseVocXml() says what is missing", () => {
  const text = vocXml({
    ...{ folder: "", fileName: "a.jpg", size: { width: 4, height: 4 } },
    segmented: false,
    objects: [{ name: "polyp", box: { x0: 0, y0: 0, x1: 1, y1: 4 } }],
  });
  throws(() => parseVocXml("<annotations/>"), /root is <annotations>/);
  throws(() => parseVocXml("<annotation/>"), /size/);
  throws(
    () => parseVocXml(text.replace("<name>polyp</name>", "")),
    /object 1 has no name/,
  );
  throws(
    () => parseVocXml(text.replace("<xmin>1</xmin>", "<xmin>one</xmin>")),
    /bndbox/,
  );
  throws(
    () => parseVocXml(text.replace("<xmax>1</xmax>", "<xmax>0</xmax>")),
    /object 1 goes from 1,1 to 0,4/,
  );
});
