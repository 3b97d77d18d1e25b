namespace EfQat.Display.Tests;

public sealed class ResultTableTests
{
    sealed record Run(string Method, int? UpdatedPercent, double TestAccuracy, double BackwardMs, bool Resumed);

    static readonly ResultTable Table = ResultTable
        .Of<Run>([new("QAT", 100, 91.054, 380.25, false), new("a|b <c>", null, 7, double.NaN, true)])
        .Column("Method", r => r.Method)
        .Column("Updated", r => r.UpdatedPercent, "%")
        .Column("Accuracy", r => r.TestAccuracy, "%", "0.00")
        .Column("Backward", r => r.BackwardMs, "ms", "0.0")
        .Column("Resumed", r => r.Resumed);

    [Fact]
    public void Markdown_aligns_numbers_and_names_units() => Assert.Equal(
        """
        | Method   | Updated (%) | Accuracy (%) | Backward (ms) | Resumed |
        | -------- | ----------: | -----------: | ------------: | ------- |
        | QAT      |         100 |        91.05 |         380.3 | no      |
        | a\|b <c> |           – |         7.00 |             – | yes     |

        """, Table.ToMarkdown());

    [Fact]
    public void Html_marks_number_cells_and_escapes_text()
    {
        var html = Table.ToHtml();
        Assert.Contains("<th style=\"text-align: left\">Method</th><th class=\"number\">Updated (%)</th>", html);
        Assert.Contains("<tr><td style=\"text-align: left\">a|b &lt;c&gt;</td><td class=\"number\">–</td><td class=\"number\">7.00</td>", html);
    }

    [Fact]
    public void Json_holds_whole_records_in_snake_case() => Assert.Equal(
        """
        [
          {
            "method": "QAT",
            "updated_percent": 100,
            "test_accuracy": 91.054,
            "backward_ms": 380.25,
            "resumed": false
          },
          {
            "method": "a|b <c>",
            "updated_percent": null,
            "test_accuracy": 7,
            "backward_ms": null,
            "resumed": true
          }
        ]
        """, Table.ToJson());
}
