using System.Text.RegularExpressions;

namespace EfQat.Datasets;

/// <summary>Means over all questions, in percent.</summary>
/// <param name="ExactMatch">The answer equals one of the people's.</param>
/// <param name="F1">Harmonic mean of precision and recall over words, against the nearest of the people's.</param>
public readonly record struct SquadScore(double ExactMatch, double F1);

/// <summary>
/// The official measure of SQuAD v1.1 (arXiv 1606.05250, §6.1). Compared are words: lower case, without ASCII's punctuation and English articles.
/// </summary>
public static partial class SquadMetric
{
    private static readonly HashSet<char> Punctuation = [.. "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"];

    /// <param name="questions">All questions of a data set.</param>
    /// <param name="answers">Texts by question id; a question without one scores 0.</param>
    public static SquadScore Score(IReadOnlyCollection<SquadQuestion> questions, IReadOnlyDictionary<string, string> answers)
    {
        double exact = 0, f1 = 0;
        foreach (var question in questions)
        {
            if (!answers.TryGetValue(question.Id, out var answer)) continue;
            exact += question.Answers.Max(truth => Words(truth.Text).SequenceEqual(Words(answer)) ? 1 : 0);
            f1 += question.Answers.Max(truth => F1(Words(truth.Text), Words(answer)));
        }
        return new(100 * exact / questions.Count, 100 * f1 / questions.Count);
    }

    private static double F1(string[] truth, string[] answer)
    {
        var left = truth.CountBy(word => word).ToDictionary();
        int common = answer.CountBy(word => word).Sum(word => Math.Min(word.Value, left.GetValueOrDefault(word.Key)));
        return common == 0 ? 0 : 2.0 * common / (truth.Length + answer.Length);
    }

    private static string[] Words(string text) => Article()
        .Replace(string.Concat(text.ToLowerInvariant().Where(letter => !Punctuation.Contains(letter))), " ")
        .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    // .NET's \b knows more letters than Python's, which defines the measure.
    [GeneratedRegex(@"(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])")]
    private static partial Regex Article();
}
