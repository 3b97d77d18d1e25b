using System.CommandLine;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Display;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat data</c>: which datasets are here, and how to get the others.</summary>
static class DataCommand
{
    public static Command Create() => new("data", "List and fetch datasets") { List(), Fetch() };

    static ExampleCommand List() => new ExampleCommand("list", "Say which datasets are here, where, and how to get the others", "efqat data list")
    {
        RunOptions.JsonOption,
    }.Does((parsed, _) =>
    {
        Terminal.Write(parsed, ResultTable.Of(DatasetCatalog.List())
            .Column("Name", d => d.Name)
            .Column("Train", d => d.TrainImages)
            .Column("Test", d => d.TestImages)
            .Column("Found", d => d.Folder ?? $"not found: {d.HowToGet}")
            .Column("Licence", d => d.Licence));
        return CommandLine.Ok;
    });

    static ExampleCommand Fetch()
    {
        var name = new Argument<string>("name") { Description = "The dataset" }.AcceptOnlyFromAmong([.. DatasetCatalog.List().Select(d => d.Name)]);
        return new ExampleCommand("fetch", "Download a dataset into the user's data folder, checked by its sha256", "efqat data fetch fashion-mnist")
        {
            name,
        }.Does((parsed, token) =>
        {
            string dataset = parsed.GetValue(name)!;
            string folder = ProgressView.Show(quiet: false, view =>
                DatasetCatalog.Fetch(dataset, new Reporter(view, dataset), token));
            parsed.InvocationConfiguration.Output.WriteLine(folder);
            return CommandLine.Ok;
        });
    }

    sealed class Reporter(IProgressView view, string dataset) : IProgress<double>
    {
        public void Report(double value) => view.Update(value, dataset);
    }
}
