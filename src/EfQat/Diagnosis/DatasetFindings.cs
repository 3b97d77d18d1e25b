using EfQat.Datasets;

namespace EfQat.Diagnosis;

/// <summary>Which data sets are here, and how to get the others.</summary>
static class DatasetFindings
{
    public static IEnumerable<Finding> All() => DatasetCatalog.List().Select(data => data.Folder is { } folder
        ? new Finding(data.Title, $"{data.TrainImages:N0} training and {data.TestImages:N0} test images in {folder}")
        : new(data.Title, "not found", Status.Absent, data.HowToGet));
}
