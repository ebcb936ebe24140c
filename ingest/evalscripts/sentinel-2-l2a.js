//VERSION=3
// Stored numbers (DN) of surface reflectance, scene classes and data mask.
// Two inputs of one collection: `reflectance` is interpolated, `classes` never is.
const BANDS = [/* names */];

function setup() {
  const output = [{ id: "mask", bands: 2, sampleType: "UINT8" }];
  if (BANDS.length > 0) {
    output.unshift({ id: "values", bands: BANDS.length, sampleType: "UINT16" });
  }
  return {
    input: [
      { datasource: "reflectance", bands: [...BANDS, "dataMask"], units: "DN" },
      { datasource: "classes", bands: ["SCL"], units: "DN" },
    ],
    output: output,
  };
}

function evaluatePixel(samples) {
  const seen = samples.reflectance.length > 0 ? samples.reflectance[0] : null;
  const classed = samples.classes.length > 0 ? samples.classes[0] : null;
  const result = { mask: [classed ? classed.SCL : 0, seen ? seen.dataMask : 0] };
  if (BANDS.length > 0) {
    result.values = BANDS.map((band) => (seen ? seen[band] : 0));
  }
  return result;
}
