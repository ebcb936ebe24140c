"""A small report with every kind of block, and texts that a page must escape."""

from outputs.reports.report import Cell, Picture, Report, Section, Table

PNG = b"\x89PNG\r\n\x1a\nno real picture"
INNER = Section(
    title="Part <one>",
    pictures=(
        Picture(alt='a "map" & more', draw=lambda: PNG, caption="Map of <b>A</b>", is_pixelated=True),
        Picture(alt="curve", draw=lambda: PNG),
    ),
    tables=(Table(heads=("name", "share"), rows=(("x", "1"),), note="Each against <all>."),),
)
REPORT = Report(
    title="Accuracy of <i>map</i>.tif",
    basis=("Five & six points.", "A second sentence."),
    caution="Simulated data: no satellite has measured this.",
    findings=("Forest's interval is wide.",),
    sections=(
        Section(
            title="Figures",
            sentences=("One sentence.",),
            notes=("Few places.",),
            tables=(
                Table(
                    title="Accuracy",
                    heads=("class", "code", "figure"),
                    rows=(("<b>wood</b>", "1", Cell(text="0.8", detail="0.7 to 0.9", shade=0.8)), ("all", "", "12.25")),
                    names=2,
                ),
            ),
            sections=(INNER,),
        ),
    ),
    provenance=(("sha256", "ab" * 32), ("Input", "<map>.tif")),
    source="Olofsson et al. 2014",
)
