"""Meta-analysis: effect sizes, nested random effects, robust variances, and responses side by side."""

from soilcue.synthesis.analysis import MetaAnalysis, analyse, analyse_table, relate, study_effects
from soilcue.synthesis.effect_sizes import EFFECT_SIZES, effect_size, sampling_covariance
from soilcue.synthesis.imputation import ImputedFit, ResampledVariation, fit_imputed
from soilcue.synthesis.influence import leave_one_out
from soilcue.synthesis.models import METHODS, TESTS, Fit, explained_heterogeneity, fit
from soilcue.synthesis.paired_responses import Relation, pair_responses, relate_responses, relate_to_duration
from soilcue.synthesis.robust import KINDS, RobustFit, cluster_robust
from soilcue.synthesis.small_studies import small_study_regression, trim_and_fill
from soilcue.synthesis.tables import read_table

__all__ = [
    "EFFECT_SIZES",
    "KINDS",
    "METHODS",
    "TESTS",
    "Fit",
    "ImputedFit",
    "MetaAnalysis",
    "Relation",
    "ResampledVariation",
    "RobustFit",
    "analyse",
    "analyse_table",
    "cluster_robust",
    "effect_size",
    "explained_heterogeneity",
    "fit",
    "fit_imputed",
    "leave_one_out",
    "pair_responses",
    "read_table",
    "relate",
    "relate_responses",
    "relate_to_duration",
    "sampling_covariance",
    "small_study_regression",
    "study_effects",
    "trim_and_fill",
]
