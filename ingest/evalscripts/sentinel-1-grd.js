//VERSION=3
// Backscatter as linear power, and its data mask. Conversion to decibels follows after averaging, outside this script.
const BANDS = [/* names */];

function setup() {
  return {
    input: [{ bands: [...BANDS, "dataMask"] }],
    output: [
      { id: "values", bands: BANDS.length, sampleType: "FLOAT32" },
      { id: "mask", bands: 1, sampleType: "UINT8" },
    ],
  };
}

function evaluatePixel(sample) {
  return { values: BANDS.map((band) => sample[band]), mask: [sample.dataMask] };
}
