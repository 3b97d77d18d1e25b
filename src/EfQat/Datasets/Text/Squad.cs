using System.Text.Json;
using System.Text.Json.Serialization;

namespace EfQat.Datasets;

/// <summary>One of the answers that people gave.</summary>
/// <param name="Text">As it stands in the context.</param>
/// <param name="Start">Its first character there.</param>
public sealed record SquadAnswer(string Text, int Start);

/// <summary>A question about a paragraph.</summary>
/// <param name="Id">Unique in the data set.</param>
/// <param name="Question">The question.</param>
/// <param name="Context">The paragraph.</param>
/// <param name="Answers">At least one; to train on, the first counts.</param>
public sealed record SquadQuestion(string Id, string Question, string Context, IReadOnlyList<SquadAnswer> Answers);

/// <summary>SQuAD v1.1 (arXiv 1606.05250): every answer is a span of its paragraph.</summary>
public static class Squad
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    };

    /// <summary>Reads train-v1.1.json or dev-v1.1.json.</summary>
    /// <exception cref="UserError">The file is missing, has another form, or an answer does not stand where it says.</exception>
    public static IReadOnlyList<SquadQuestion> Load(string path)
    {
        if (!File.Exists(path)) throw new UserError($"{path}: the file is missing; it is train-v1.1.json or dev-v1.1.json of SQuAD");
        try
        {
            using var stream = File.OpenRead(path);
            return [.. JsonSerializer.Deserialize<Document>(stream, Format)!.Data.SelectMany(article => article.Paragraphs)
                .SelectMany(paragraph => paragraph.Qas.Select(question => Read(path, paragraph.Context, question)))];
        }
        catch (JsonException problem)
        {
            throw new UserError($"{path}: it is no SQuAD v1.1 ({problem.Message.ReplaceLineEndings(" ")}); get the file anew");
        }
    }

    private static SquadQuestion Read(string path, string context, Question question)
    {
        if (question.Answers.Length == 0)
            throw new UserError($"{path}: question {question.Id} has no answer; use version 1.1 of SQuAD, where every question has one");
        return new(question.Id, question.Text, context, [.. question.Answers.Select(answer =>
        {
            int start = Index(context, answer.AnswerStart);
            return context.AsSpan(start).StartsWith(answer.Text)
                ? new SquadAnswer(answer.Text, start)
                : throw new UserError(
                    $"{path}: an answer of question {question.Id} is not at character {answer.AnswerStart} of its paragraph; get the file anew");
        })]);
    }

    /// <summary>The file counts Unicode's characters, .NET the halves of those beyond 16 bits too.</summary>
    private static int Index(string context, int characters) => context.EnumerateRunes().Take(characters).Sum(rune => rune.Utf16SequenceLength);

    private sealed record Document(Article[] Data);

    private sealed record Article(Paragraph[] Paragraphs);

    private sealed record Paragraph(string Context, Question[] Qas);

    private sealed record Question(string Id, [property: JsonPropertyName("question")] string Text, Answer[] Answers);

    private sealed record Answer(string Text, int AnswerStart);
}
