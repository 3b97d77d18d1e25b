using Markdig.Extensions.Mathematics;
using Markdig.Helpers;
using Markdig.Parsers;

namespace EfQat.Jupyter.Notebooks.Html;

/// <summary>Formulas that go on in the next line, as Jupyter and VS Code allow; Markdig's own parser ends at the line.</summary>
sealed class LongFormulaParser : InlineParser
{
    public LongFormulaParser() => OpeningCharacters = ['$'];

    public override bool Match(InlineProcessor processor, ref StringSlice slice)
    {
        string text = slice.Text;
        int count = slice.PeekChar() == '$' ? 2 : 1, start = slice.Start + count, end = start;
        while (end <= slice.End && text[end] != '$') end += text[end] == '\\' ? 2 : 1;
        if (end == start || end + count - 1 > slice.End || text[end + count - 1] != '$') return false;
        if (count == 1 && (char.IsWhiteSpace(text[start]) || char.IsWhiteSpace(text[end - 1]))) return false; // prices
        processor.Inline = new MathInline { Delimiter = '$', DelimiterCount = count, Content = new(text, start, end - 1) };
        slice.Start = end + count;
        return true;
    }
}
