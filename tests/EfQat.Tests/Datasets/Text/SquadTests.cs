using System.Text.Json;
using EfQat.Datasets;
using EfQat.Training;
using LocalTorch.Tests;

namespace EfQat.Tests.Datasets;

public sealed class SquadTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("efqat-squad").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Knows the letters a…z, so that every letter between spaces is a token: a = 4.</summary>
    private WordPiece Letters()
    {
        string path = Path.Combine(folder, "vocab.txt");
        File.WriteAllLines(path, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", .. Enumerable.Range('a', 26).Select(letter => $"{(char)letter}")]);
        return WordPiece.Load(path);
    }

    private string Write(string context, string text, int start, string question = "q")
    {
        string path = Path.Combine(folder, "dev.json");
        var answers = new[] { new { text, answer_start = start } };
        File.WriteAllText(path, JsonSerializer.Serialize(new
        {
            version = "1.1", data = new[] { new { title = "t", paragraphs = new[] { new { context, qas = new[] { new { id = "1", question, answers } } } } } },
        }));
        return path;
    }

    [Fact]
    public void Offsets_count_characters_beyond_16_bits_once()
    {
        var question = Squad.Load(Write("𝔘𝔙 a b", "a b", start: 3)).Single();
        Assert.Equal(new SquadAnswer("a b", 5), question.Answers.Single());
    }

    [Fact]
    public void Files_of_another_form_are_refused()
    {
        Assert.Contains("question 1 is not at character 1", Assert.Throws<UserError>(() => Squad.Load(Write("a b", "b", start: 1))).Message);
        string path = Path.Combine(folder, "dev.json");
        foreach (string content in (string[])["{", "{}", """{"data": [{"paragraphs": [{"context": null, "qas": []}]}]}"""])
        {
            File.WriteAllText(path, content);
            Assert.StartsWith($"{path}: it is no SQuAD v1.1", Assert.Throws<UserError>(() => Squad.Load(path)).Message);
        }
        File.WriteAllText(path, """{"data": [{"paragraphs": [{"context": "a", "qas": [{"id": "7", "question": "q", "answers": []}]}]}]}""");
        Assert.Contains("question 7 has no answer", Assert.Throws<UserError>(() => Squad.Load(path)).Message);
        File.Delete(path);
        Assert.Contains("missing", Assert.Throws<UserError>(() => Squad.Load(path)).Message);
    }

    [Fact]
    public void Windows_slide_over_the_paragraph_and_know_the_answer()
    {
        // [CLS] q [SEP] + 4 letters + [SEP]; a new window every 3 letters.
        var windows = SquadWindow.Of(Squad.Load(Write("a b c d e f g h", "d e", start: 6)), Letters(), new(MaxLength: 8, Stride: 3, MaxQuestion: 1));
        Assert.Equal(
            [[2, 20, 3, 4, 5, 6, 7, 3], [2, 20, 3, 7, 8, 9, 10, 3], [2, 20, 3, 10, 11, 3]],
            windows.Select(window => window.Input.Tokens));
        Assert.Equal([[0L, 0], [3L, 4], [0L, 0]], windows.Select(window => window.Input.Labels));
        Assert.All(windows, window => Assert.Equal(3, window.Input.Second));
        Assert.Single(SquadWindow.Of(Squad.Load(Write("a b c d", "a", start: 0)), Letters(), new(MaxLength: 8, Stride: 3, MaxQuestion: 1)));
    }

    [Fact]
    public void Long_questions_are_cut_and_windows_must_overlap()
    {
        var options = new SquadOptions(MaxLength: 9, Stride: 2, MaxQuestion: 3);
        var window = SquadWindow.Of(Squad.Load(Write("a b", "b", start: 2, question: "q r s t u")), Letters(), options).Single();
        Assert.Equal([2, 20, 21, 22, 3, 4, 5, 3], window.Input.Tokens);
        Assert.Contains("do not overlap", Assert.Throws<UserError>(() => SquadWindow.Of([], Letters(), options with { Stride = 4 })).Message);
    }

    [Fact]
    public void The_best_span_of_all_windows_wins()
    {
        var windows = SquadWindow.Of(Squad.Load(Write("a b c d e f", "a", start: 0)), Letters(), new(MaxLength: 8, Stride: 3, MaxQuestion: 1));
        // Positions: 0 [CLS], 1 q, 2 [SEP], 3… the letters, then [SEP]. Only letters may answer, and no span ends before it starts.
        SquadOutput[] outputs =
        [
            new(windows[0], [99, 0, 0, 1, 5, 0, 0, 99], [99, 0, 0, 9, 2, 0, 0, 99]),  // a b c d: b…b 7, a…a 10
            new(windows[1], [99, 0, 0, 6, 0, 0, 99], [99, 0, 0, 0, 0, 5, 99]),        // d e f: d…f 11
        ];
        var spans = SquadSpans.Best(outputs);
        Assert.Equal([("d e f", 11f), ("a", 10f)], spans.Take(2).Select(span => (span.Text, span.Score)));
        Assert.Equal(1, spans.Sum(span => span.Probability), 1e-9);
        Assert.Equal(Math.E, spans[0].Probability / spans[1].Probability, 1e-6);
        Assert.Equal("a", SquadSpans.Best(outputs, new(MaxAnswer: 2))[0].Text);
        Assert.Equal(2, SquadSpans.Best(outputs, new(Candidates: 2)).Count);
    }

    [Theory]
    [InlineData("The  Cat!", "a cat", 100, 100)]
    [InlineData("big cat sat", "the cat", 0, 50)]          // precision 1/3, recall 1
    [InlineData("cat cat", "cat", 0, 200.0 / 3)]           // words count as often as they stand
    [InlineData("theatre", "atre", 0, 0)]                  // an article is a whole word
    [InlineData("", "the", 100, 0)]                        // nothing in common, though nothing is left of both
    public void Words_decide(string answer, string truth, double exact, double f1)
    {
        var question = new SquadQuestion("1", "q", truth, [new("zebra", 0), new(truth, 0)]);
        var score = SquadMetric.Score([question], new Dictionary<string, string> { ["1"] = answer });
        Assert.Equal(exact, score.ExactMatch, 1e-9);
        Assert.Equal(f1, score.F1, 1e-9);
    }

    private static (IReadOnlyList<SquadQuestion>, WordPiece) Development()
    {
        var (data, vocabulary) = (Path.Combine(TestData.Folder, "squad", "dev-v1.1.json"), Path.Combine(TestData.Folder, "bert", "vocab.txt"));
        Skip.IfNot(File.Exists(data) && File.Exists(vocabulary), $"{data} or {vocabulary} is absent");
        return (Squad.Load(data), WordPiece.Load(vocabulary));
    }

    /// <summary>A model that knows the labels: its answers are the people's, but for those that end inside a token ("10" of "10th").</summary>
    [SkippableFact]
    public void Perfect_logits_answer_the_development_set()
    {
        var (questions, tokenizer) = Development();
        var windows = SquadWindow.Of(questions, tokenizer);
        Assert.Equal(10570, questions.Count);
        Assert.InRange(windows.Count, questions.Count, 1.1 * questions.Count);
        Assert.All(windows, window => Assert.InRange(window.Input.Tokens.Length, 1, 384));
        static float[] OneHot(SquadWindow window, long hot)
        {
            var logits = new float[window.Input.Tokens.Length];
            logits[hot] = hot == 0 ? 0 : 1;
            return logits;
        }
        var answers = windows.GroupBy(window => window.Question.Id).ToDictionary(
            group => group.Key,
            group => SquadSpans.Best(
                group.Select(window => new SquadOutput(window, OneHot(window, window.Input.Labels[0]), OneHot(window, window.Input.Labels[1]))),
                new(MaxAnswer: 100))[0].Text);
        var score = SquadMetric.Score(questions, answers);
        Assert.InRange(score.ExactMatch, 99, 100);
        Assert.InRange(score.F1, 99.5, 100);
    }

    /// <summary>The measure's definition in Python, over answers that are sometimes right, cut, prolonged or shouted.</summary>
    [SkippableFact]
    public void The_measure_is_the_official_one()
    {
        var (questions, _) = Development();
        var random = new Random(1);
        string Guess(SquadQuestion question)
        {
            var (text, start) = question.Answers[random.Next(question.Answers.Count)];
            return random.Next(5) switch
            {
                0 => text,
                1 => "The " + text.ToUpperInvariant() + "!",
                2 => question.Context[start..Math.Min(question.Context.Length, start + 40)],
                3 => text[(text.Length / 2)..],
                _ => question.Question,
            };
        }
        var answers = questions.ToDictionary(question => question.Id, Guess);
        string path = Path.Combine(folder, "answers.json");
        File.WriteAllText(path, JsonSerializer.Serialize(questions.Select(question => new
        {
            truths = question.Answers.Select(answer => answer.Text), answer = answers[question.Id],
        })));
        var expected = PyTorch.Run($$"""
            import collections, re, string
            def words(text):
                text = ''.join(c for c in text.lower() if c not in string.punctuation)
                return re.sub(r'\b(a|an|the)\b', ' ', text).split()
            def f1(answer, truth):
                same = sum((collections.Counter(answer) & collections.Counter(truth)).values())
                if same == 0: return 0
                precision, recall = same / len(answer), same / len(truth)
                return 2 * precision * recall / (precision + recall)
            cases = [(words(c['answer']), [words(t) for t in c['truths']]) for c in json.load(open('{{path}}'))]
            print(json.dumps([100 * sum(max(measure(a, t) for t in ts) for a, ts in cases) / len(cases) for measure in (lambda a, t: a == t, f1)]))
            """).Doubles();
        var score = SquadMetric.Score(questions, answers);
        Assert.Equal(expected[0], score.ExactMatch, 1e-9);
        Assert.Equal(expected[1], score.F1, 1e-9);
    }

    [Fact]
    public void A_model_answers_in_batches()
    {
        using var model = new LooksForC();
        var questions = new List<SquadQuestion>();
        foreach (string context in (string[])["a b c d e f g h", "a c", "h g f e d c b a"])
            questions.Add(new($"{questions.Count}", "q", context, [new("c", context.IndexOf('c'))]));
        var options = new SquadOptions(MaxLength: 8, Stride: 3, MaxQuestion: 1);
        var answers = SquadEvaluator.Answer(model, SquadWindow.Of(questions, Letters(), options), batchSize: 2, options);
        Assert.Equal(["c", "c", "c"], questions.Select(question => answers[question.Id]));
    }

    private sealed class LooksForC() : nn.Module<Tensor, Tensor>(nameof(LooksForC))
    {
        public override Tensor forward(Tensor input)
        {
            var found = input.select(1, 0).eq(6).to(float32);  // [N, L]
            return stack([found, found], dim: -1);
        }
    }
}
