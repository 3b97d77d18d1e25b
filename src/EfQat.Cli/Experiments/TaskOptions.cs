using System.CommandLine;

namespace EfQat.Cli.Experiments;

/// <summary>The options that say what is learned: a network and its data.</summary>
static class TaskOptions
{
    static readonly Option<string> Model = new Option<string>("--model") { Description = "The network", DefaultValueFactory = _ => "resnet20" }
        .AcceptOnlyFromAmong("resnet20", "resnet32", "resnet44", "resnet56", "resnet50", "bert-small", "bert-base");

    static readonly Option<string?> Data = new("--data")
    {
        Description = "Pictures: a name that 'efqat data list' shows, or a folder with train/CLASS/*.jpg and test/CLASS/*.jpg; for resnet50: a folder "
            + "of photographs of any size, train/CLASS/*.jpg and val/CLASS/*.jpg; for bert-*: SST-2's folder, "
            + "with train.tsv and dev.tsv, which is searched for where EFQAT_DATA says, too [default: fashion-mnist, for resnet50 imagenet, for bert-* sst2]",
    };

    static readonly Option<string?> Vocabulary = new("--vocab") { Description = "For bert-*: the vocab.txt of an uncased BERT", HelpName = "FILE" };

    public static void AddTo(Command command)
    {
        foreach (var option in (Option[])[Model, Data, Vocabulary]) command.Add(option);
    }

    /// <exception cref="UserError">BERT has no vocabulary.</exception>
    public static ILearningTask Read(ParseResult parsed) => Task(parsed.GetValue(Model)!, parsed.GetValue(Data), VocabularyOf(parsed));

    /// <summary>The file that --vocab names.</summary>
    public static string? VocabularyOf(ParseResult parsed) => parsed.GetValue(Vocabulary);

    /// <summary>The task of a network, its data, and BERT's vocabulary.</summary>
    /// <exception cref="UserError">BERT has no vocabulary.</exception>
    public static ILearningTask Task(string model, string? data, string? vocabulary)
    {
        if (model == "resnet50") return new PhotographTask(data ?? "imagenet");
        if (!model.StartsWith("bert")) return new ImageTask(model, data ?? "fashion-mnist");
        return new TextTask(model, data ?? "sst2", vocabulary
            ?? throw new UserError($"--model {model}: it needs --vocab FILE, the vocab.txt of an uncased BERT (beside its published weights)"));
    }
}
