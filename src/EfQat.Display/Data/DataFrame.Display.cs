using EfQat.Display;

namespace Microsoft.Data.Analysis;

/// <summary>How a table is shown.</summary>
public sealed partial class DataFrame : IDisplayable
{
    /// <summary>A <c>&lt;table&gt;</c> of the first rows, numbers aligned to the right; what is left out is counted below.</summary>
    public string ToHtml(int maxRows = 20) => DataFrameTable.ToHtml(this, maxRows);

    /// <summary>The first rows in columns of plain text.</summary>
    public string ToPlainText(int maxRows = 20) => DataFrameTable.ToPlainText(this, maxRows);

    /// <inheritdoc/>
    public MimeBundle ToMimeBundle() => MimeBundle.Html(ToHtml(), ToPlainText());

    /// <inheritdoc/>
    public override string ToString() => ToPlainText();
}
