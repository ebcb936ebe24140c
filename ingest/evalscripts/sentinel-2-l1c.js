//VERSION=3
// Stored numbers (DN) of top-of-atmosphere reflectance, and their data mask.
const BANDS = [/* names */];

function setup() {
  return {
    input: [{ bands: [...BANDS, "dataMask"], units: "DN" }],
    output: [
      { id: "values", bands: BANDS.length, sampleType: "UINT16" },
      { id: "mask", bands: 1, sampleType: "UINT8" },
    ],
  };
}

function evaluatePixel(sample) {
  return { values: BANDS.map((band) => sample[band]), mask: [sample.dataMask] };
}
