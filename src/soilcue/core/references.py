"""The literature behind models, parameters, schemes and data: cited by key where used, printed as text or BibTeX."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from soilcue.core.errors import InputError, unknown_name


@dataclass(frozen=True)
class Reference:
    """One publication, data set or public code."""

    key: str
    authors: str
    year: int
    title: str
    where: str
    doi: str = ""

    def text(self) -> str:
        """One line, as a bibliography has it."""
        doi = f" doi:{self.doi}" if self.doi else ""
        return f"{self.authors} ({self.year}). {self.title}. {self.where}.{doi}"

    def bibtex(self) -> str:
        """A BibTeX entry."""
        kind = "article" if self.doi else "misc"
        place = "journal" if self.doi else "howpublished"
        fields = {
            "author": self.authors.replace("; ", " and "),
            "year": str(self.year),
            "title": "{" + self.title + "}",
            place: self.where,
            "doi": self.doi,
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@{kind}{{{self.key},", *lines, "}"])


_REFERENCES = (
    Reference(
        "he2024",
        "He, X.; Abs, E.; Allison, S. D.; Tao, F.; Huang, Y.; Manzoni, S.; Abramoff, R.; Bruni, E.; Bowring, S. P. K.; "
        "Chakrawal, A.; Ciais, P.; Elsgaard, L.; Friedlingstein, P.; Georgiou, K.; Hugelius, G.; Holm, L. B.; Li, W.; "
        "Luo, Y.; Marmasse, G.; Nunan, N.; Qiu, C.; Sitch, S.; Wang, Y.-P.; Goll, D. S.",
        2024,
        "Emerging multiscale insights on microbial carbon use efficiency in the land carbon cycle",
        "Nature Communications 15, 8010",
        "10.1038/s41467-024-52160-5",
    ),
    Reference(
        "wieder2014",
        "Wieder, W. R.; Grandy, A. S.; Kallenbach, C. M.; Bonan, G. B.",
        2014,
        "Integrating microbial physiology and physio-chemical principles in soils with the MIcrobial-MIneral Carbon "
        "Stabilization (MIMICS) model",
        "Biogeosciences 11, 3899-3917",
        "10.5194/bg-11-3899-2014",
    ),
    Reference(
        "wieder2015",
        "Wieder, W. R.; Grandy, A. S.; Kallenbach, C. M.; Taylor, P. G.; Bonan, G. B.",
        2015,
        "Representing life in the Earth system with soil microbial functional traits in the MIMICS model",
        "Geoscientific Model Development 8, 1789-1808",
        "10.5194/gmd-8-1789-2015",
    ),
    Reference(
        "allison2010",
        "Allison, S. D.; Wallenstein, M. D.; Bradford, M. A.",
        2010,
        "Soil-carbon response to warming dependent on microbial physiology",
        "Nature Geoscience 3, 336-340",
        "10.1038/ngeo846",
    ),
    Reference(
        "sulman2014",
        "Sulman, B. N.; Phillips, R. P.; Oishi, A. C.; Shevliakova, E.; Pacala, S. W.",
        2014,
        "Microbe-driven turnover offsets mineral-mediated storage of soil carbon under elevated CO2",
        "Nature Climate Change 4, 1099-1102",
        "10.1038/nclimate2436",
    ),
    Reference(
        "corpse_code",
        "Sulman, B. N.",
        2024,
        "CORPSE-fire-response, version 1.0",
        "Zenodo",
        "10.5281/zenodo.10624992",
    ),
    Reference(
        "mayes2012",
        "Mayes, M. A.; Heal, K. R.; Brandt, C. C.; Phillips, J. R.; Jardine, P. M.",
        2012,
        "Relation between soil order and sorption of dissolved organic carbon in temperate subsoils",
        "Soil Science Society of America Journal 76, 1027-1037",
        "10.2136/sssaj2011.0340",
    ),
    Reference(
        "wang2013",
        "Wang, G.; Post, W. M.; Mayes, M. A.",
        2013,
        "Development of microbial-enzyme-mediated decomposition model parameters through steady-state and dynamic "
        "analyses",
        "Ecological Applications 23, 255-272",
        "10.1890/12-0681.1",
    ),
    Reference(
        "memc",
        "Pacific Northwest National Laboratory",
        2025,
        "MEMC: a package for comparing configurations of microbially explicit soil models, version 0.1.1 and the "
        "version of 2020 it grew from",
        "https://github.com/Microbial-Explicit-Model/MEMC",
    ),
    Reference(
        "somic_code",
        "Woolf, D.",
        2019,
        "SOMic 1.0: public code",
        "https://github.com/domwoolf/somic1",
    ),
    Reference(
        "kykersnowman2020",
        "Kyker-Snowman, E.; Wieder, W. R.; Frey, S. D.; Grandy, A. S.",
        2020,
        "Stoichiometrically coupled carbon and nitrogen cycling in the MIcrobial-MIneral Carbon Stabilization model "
        "version 1.0 (MIMICS-CN v1.0)",
        "Geoscientific Model Development 13, 4413-4434",
        "10.5194/gmd-13-4413-2020",
    ),
    Reference(
        "evalsoc",
        "Brunmayr, A. S.; Hagedorn, F.; Moreno Duborgel, M.; Minich, L. I.; Graven, H. D.",
        2024,
        "Radiocarbon analysis reveals underestimation of soil organic carbon persistence in new-generation soil models",
        "Geoscientific Model Development 17, 5961-5985",
        "10.5194/gmd-17-5961-2024",
    ),
    Reference(
        "wang2015",
        "Wang, G.; Jagadamma, S.; Mayes, M. A.; Schadt, C. W.; Steinweg, J. M.; Gu, L.; Post, W. M.",
        2015,
        "Microbial dormancy improves development and experimental validation of ecosystem model",
        "The ISME Journal 9, 226-237",
        "10.1038/ismej.2014.120",
    ),
    Reference(
        "sulman2018",
        "Sulman, B. N.; Moore, J. A. M.; Abramoff, R.; Averill, C.; Kivlin, S.; Georgiou, K.; Sridhar, B.; "
        "Hartman, M. D.; Wang, G.; Wieder, W. R.; Bradford, M. A.; Luo, Y.; Mayes, M. A.; Morrison, E.; Riley, W. J.; "
        "Salazar, A.; Schimel, J. P.; Tang, J.; Classen, A. T.",
        2018,
        "Multiple models and experiments underscore large uncertainty in soil carbon dynamics",
        "Biogeochemistry 141, 109-123",
        "10.1007/s10533-018-0509-z",
    ),
    Reference(
        "mimics_code",
        "Wieder, W. R.",
        2018,
        "MIMICS, public R scripts (commit 2b71740)",
        "GitHub repository wwieder/MIMICS",
    ),
    Reference(
        "mimics_stode",
        "Pierson, D.",
        2024,
        "MIMICS_STODE, steady states of MIMICS by rootSolve (commit ee25766)",
        "GitHub repository piersond/MIMICS_STODE",
    ),
    Reference(
        "testbed_mimics",
        "Wieder, W. R.; Hartman, M. D.",
        2017,
        "MIMICS in the biogeochemical testbed: mimics_cycle.f90 and the parameter file of 28 November 2017",
        "GitHub repository wwieder/biogeochem_testbed",
    ),
    Reference(
        "rocci_msbio_code",
        "Rocci, K.; Pierson, D.",
        2022,
        "MIMICS_MSBio, MIMICS with kinetics that follow the historic temperature (commit 1b8e21f)",
        "GitHub repository katierocci/MIMICS_MSBio",
    ),
    Reference(
        "orchidee_classic_code",
        "The ORCHIDEE developers",
        2021,
        "ORCHIDEE-CROP, modules stomate_soilcarbon and constantes_var (commit 8a57133)",
        "GitHub repository yangsssu/ORCHIDEE-CROP",
    ),
    Reference(
        "soilr_code",
        "Sierra, C. A.; Mueller, M.",
        2023,
        "SoilR 1.2.107: CenturyModel, fT.Century1, fW.Century",
        "CRAN package SoilR",
    ),
    Reference(
        "abramoff2018",
        "Abramoff, R.; Xu, X.; Hartman, M.; O'Brien, S.; Feng, W.; Davidson, E.; Finzi, A.; Moorhead, D.; Schimel, J.; "
        "Torn, M.; Mayes, M. A.",
        2018,
        "The Millennial model: in search of measurable pools and transformations for modeling soil carbon in the new "
        "century",
        "Biogeochemistry 137, 51-71",
        "10.1007/s10533-017-0409-7",
    ),
    Reference(
        "abramoff2022",
        "Abramoff, R. Z.; Guenet, B.; Zhang, H.; Georgiou, K.; Xu, X.; Viscarra Rossel, R. A.; Yuan, W.; Ciais, P.",
        2022,
        "Improved global-scale predictions of soil carbon stocks with Millennial Version 2",
        "Soil Biology and Biochemistry 164, 108466",
        "10.1016/j.soilbio.2021.108466",
    ),
    Reference(
        "millennial_code",
        "Abramoff, R. Z.",
        2024,
        "Millennial, model code and parameter files (commit 859f977)",
        "GitHub repository rabramoff/Millennial",
    ),
    Reference(
        "parton1987",
        "Parton, W. J.; Schimel, D. S.; Cole, C. V.; Ojima, D. S.",
        1987,
        "Analysis of factors controlling soil organic matter levels in Great Plains grasslands",
        "Soil Science Society of America Journal 51, 1173-1179",
        "10.2136/sssaj1987.03615995005100050015x",
    ),
    Reference(
        "sun2021",
        "Sun, Y.; Goll, D. S.; Chang, J.; Ciais, P.; Guenet, B.; Helfenstein, J.; Huang, Y.; Lauerwald, R.; "
        "Maignan, F.; Naipal, V.; Wang, Y.; Yang, H.; Zhang, H.",
        2021,
        "Global evaluation of the nutrient-enabled version of the land surface model ORCHIDEE-CNP v1.2 (r5986)",
        "Geoscientific Model Development 14, 1987-2010",
        "10.5194/gmd-14-1987-2021",
    ),
    Reference(
        "orchidee_cnp_code",
        "The ORCHIDEE developers",
        2021,
        "ORCHIDEE-CN-P r7166, modules stomate_litter, stomate_som_dynamics and constantes_var, as copied in "
        "examples/orchidee_core (commit 6fb574d)",
        "GitHub repository Wanli-Wylie/fgraph2",
    ),
    Reference(
        "devevre2000",
        "Devevre, O. C.; Horwath, W. R.",
        2000,
        "Decomposition of rice straw and microbial carbon use efficiency under different soil temperatures and "
        "moistures",
        "Soil Biology and Biochemistry 32, 1773-1785",
        "10.1016/S0038-0717(00)00096-1",
    ),
    Reference(
        "qiao2019",
        "Qiao, Y.; Wang, J.; Liang, G.; Du, Z.; Zhou, J.; Zhu, C.; Huang, K.; Zhou, X.; Luo, Y.; Yan, L.; Xia, J.",
        2019,
        "Global variation of soil microbial carbon-use efficiency in relation to growth temperature and substrate "
        "supply",
        "Scientific Reports 9, 5621",
        "10.1038/s41598-019-42145-6",
    ),
    Reference(
        "hobbs2013",
        "Hobbs, J. K.; Jiao, W.; Easter, A. D.; Parker, E. J.; Schipper, L. A.; Arcus, V. L.",
        2013,
        "Change in heat capacity for enzyme catalysis determines temperature dependence of enzyme catalyzed rates",
        "ACS Chemical Biology 8, 2388-2393",
        "10.1021/cb4005029",
    ),
    Reference(
        "ratkowsky1983",
        "Ratkowsky, D. A.; Lowry, R. K.; McMeekin, T. A.; Stokes, A. N.; Chandler, R. E.",
        1983,
        "Model for bacterial culture growth rate throughout the entire biokinetic temperature range",
        "Journal of Bacteriology 154, 1222-1226",
        "10.1128/jb.154.3.1222-1226.1983",
    ),
    Reference(
        "pietikainen2005",
        "Pietikäinen, J.; Pettersson, M.; Bååth, E.",
        2005,
        "Comparison of temperature effects on soil respiration and bacterial and fungal growth rates",
        "FEMS Microbiology Ecology 52, 49-58",
        "10.1016/j.femsec.2004.10.002",
    ),
    Reference(
        "wieder2013",
        "Wieder, W. R.; Bonan, G. B.; Allison, S. D.",
        2013,
        "Global soil carbon projections are improved by modelling microbial processes",
        "Nature Climate Change 3, 909-912",
        "10.1038/nclimate1951",
    ),
    Reference(
        "allison2014",
        "Allison, S. D.",
        2014,
        "Modeling adaptation of carbon use efficiency in microbial communities",
        "Frontiers in Microbiology 5, 571",
        "10.3389/fmicb.2014.00571",
    ),
    Reference(
        "davidson2012",
        "Davidson, E. A.; Samanta, S.; Caramori, S. S.; Savage, K.",
        2012,
        "The Dual Arrhenius and Michaelis-Menten kinetics model for decomposition of soil organic matter at hourly to "
        "seasonal time scales",
        "Global Change Biology 18, 371-384",
        "10.1111/j.1365-2486.2011.02546.x",
    ),
    Reference(
        "brangari2020",
        "Brangarí, A. C.; Manzoni, S.; Rousk, J.",
        2020,
        "A soil microbial model to analyze decoupled microbial growth and respiration during soil drying and rewetting",
        "Soil Biology and Biochemistry 148, 107871",
        "10.1016/j.soilbio.2020.107871",
    ),
    Reference(
        "ecosmmarts_code",
        "Brangarí, A. C.",
        2020,
        "EcoSMMARTS, MATLAB code",
        "github.com/Brangari/EcoSMMARTS, commit 8290900",
    ),
    Reference(
        "zhang2018",
        "Zhang, H.; Goll, D. S.; Manzoni, S.; Ciais, P.; Guenet, B.; Huang, Y.",
        2018,
        "Modeling the effects of litter stoichiometry and soil mineral N availability on soil organic matter formation "
        "using CENTURY-CUE (v1.0)",
        "Geoscientific Model Development 11, 4779-4796",
        "10.5194/gmd-11-4779-2018",
    ),
    Reference(
        "jones2019",
        "Jones, D. L.; Cooledge, E. C.; Hoyle, F. C.; Griffiths, R. I.; Murphy, D. V.",
        2019,
        "pH and exchangeable aluminum are major regulators of microbial energy flow and carbon use efficiency in soil "
        "microbial communities",
        "Soil Biology and Biochemistry 138, 107584",
        "10.1016/j.soilbio.2019.107584",
    ),
    Reference(
        "schroeder2024",
        "Schroeder, J.; and others",
        2024,
        "Liming effects on microbial carbon use efficiency and its potential consequences for soil organic carbon "
        "stocks",
        "Soil Biology and Biochemistry 191, 109342",
        "10.1016/j.soilbio.2024.109342",
    ),
    Reference(
        "islam2023",
        "Islam, M. R.; Singh, B.; Dijkstra, F. A.",
        2023,
        "Microbial carbon use efficiency of glucose varies with soil clay content: a meta-analysis",
        "Applied Soil Ecology 181, 104636",
    ),
    Reference(
        "wang2014dormancy",
        "Wang, G.; Mayes, M. A.; Gu, L.; Schadt, C. W.",
        2014,
        "Representation of dormant and active microbial dynamics for ecosystem modeling",
        "PLoS ONE 9, e89252",
        "10.1371/journal.pone.0089252",
    ),
    Reference(
        "mend_code",
        "Wang, G.",
        2022,
        "MEND, Fortran code",
        "github.com/wanggangsheng/MEND, commit 92323c7",
    ),
    Reference(
        "smith2021",
        "Smith, T. P.; Clegg, T.; Bell, T.; Pawar, S.",
        2021,
        "Systematic variation in the temperature dependence of bacterial carbon use efficiency",
        "Ecology Letters 24, 2123-2133",
        "10.1111/ele.13840",
    ),
    Reference(
        "manzoni2012water",
        "Manzoni, S.; Schimel, J. P.; Porporato, A.",
        2012,
        "Responses of soil microbial communities to water stress: results from a meta-analysis",
        "Ecology 93, 930-938",
        "10.1890/11-0026.1",
    ),
    Reference(
        "wieder2018",
        "Wieder, W. R.; Hartman, M. D.; Sulman, B. N.; Wang, Y.-P.; Koven, C. D.; Bonan, G. B.",
        2018,
        "Carbon cycle confidence and uncertainty: exploring variation among soil biogeochemical models",
        "Global Change Biology 24, 1563-1579",
        "10.1111/gcb.13979",
    ),
    Reference(
        "li2019",
        "Li, S.; Yuan, W.; Ciais, P.; Viovy, N.; Ito, A.; Jia, B.; Zhu, D.",
        2019,
        "Benchmark estimates for aboveground litterfall data derived from ecosystem models",
        "Environmental Research Letters 14, 084020",
        "10.1088/1748-9326/ab2ee4",
    ),
    Reference(
        "molteni2003",
        "Molteni, F.",
        2003,
        "Atmospheric simulations using a GCM with simplified physical parametrizations. I: model climatology and "
        "variability in multi-decadal experiments",
        "Climate Dynamics 20, 175-191",
        "10.1007/s00382-002-0268-2",
    ),
    Reference(
        "lawrence2020",
        "Lawrence, C. R.; Beem-Miller, J.; Hoyt, A. M.; Monroe, G.; Sierra, C. A.; Stoner, S.; Heckman, K.; "
        "Blankinship, J. C.; Crow, S. E.; McNicol, G.; Trumbore, S.; et al.",
        2020,
        "An open-source database for the synthesis of soil radiocarbon data: International Soil Radiocarbon Database "
        "(ISRaD) version 1.0",
        "Earth System Science Data 12, 61-76",
        "10.5194/essd-12-61-2020",
    ),
    Reference(
        "vonfromm2024",
        "von Fromm, S. F.; Hoyt, A. M.; Sierra, C. A.; Georgiou, K.; Doetterl, S.; Trumbore, S. E.",
        2024,
        "Controls and relationships of soil organic carbon abundance and persistence vary across pedo-climatic regions",
        "Global Change Biology 30, e17320",
        "10.1111/gcb.17320",
    ),
    Reference(
        "naturalearth",
        "Natural Earth",
        2022,
        "1:110m physical vectors, land (public domain)",
        "naturalearthdata.com",
    ),
    Reference(
        "testbed_code",
        "Wieder, W. R.; Hartman, M. D.; Sulman, B. N.; Kyker-Snowman, E.; Eastman, B.; Wang, Y.-P.",
        2024,
        "Biogeochemical testbed, model code and example grid (commit 27ae1a0)",
        "GitHub repository wwieder/biogeochem_testbed",
    ),
    Reference(
        "bjorkman1957",
        "Björkman, A.; Person, B.",
        1957,
        "Studies on finely divided wood. Part 2. The properties of lignins extracted with neutral solvents from "
        "softwoods and hardwoods",
        "Svensk Papperstidning 60, 158-169",
    ),
    Reference(
        "speedyweather_assets",
        "The SpeedyWeatherAssets contributors",
        2025,
        "SpeedyWeatherAssets, boundary conditions of SpeedyWeather.jl (commit 86c1cb1)",
        "GitHub repository SpeedyWeather/SpeedyWeatherAssets",
    ),
    Reference(
        "klower2024",
        "Klöwer, M.; Gelbrecht, M.; Hotta, D.; Willmert, J.; Silvestri, S.; Wagner, G. L.; White, A.; Hatfield, S.; "
        "Kimpson, T.; Constantinou, N. C.; Hill, C.",
        2024,
        "SpeedyWeather.jl: reinventing atmospheric general circulation models towards interactivity and extensibility",
        "Journal of Open Source Software 9, 6323",
        "10.21105/joss.06323",
    ),
    Reference(
        "kucharski2013",
        "Kucharski, F.; Molteni, F.; King, M. P.; Farneti, R.; Kang, I.-S.; Feudale, L.",
        2013,
        'On the need of intermediate complexity general circulation models: a "SPEEDY" example',
        "Bulletin of the American Meteorological Society 94, 25-30",
        "10.1175/BAMS-D-11-00238.1",
    ),
    Reference(
        "viterbo1995",
        "Viterbo, P.; Beljaars, A. C. M.",
        1995,
        "An improved land surface parameterization scheme in the ECMWF model and its validation",
        "Journal of Climate 8, 2716-2748",
        "10.1175/1520-0442(1995)008<2716:AILSPS>2.0.CO;2",
    ),
    Reference(
        "hossain2015",
        "Hossain, M. F.; Chen, W.; Zhang, Y.",
        2015,
        "Bulk density of mineral and organic soils in the Canada's arctic and sub-arctic",
        "Information Processing in Agriculture 2, 183-190",
        "10.1016/j.inpa.2015.09.001",
    ),
    Reference(
        "viechtbauer2010",
        "Viechtbauer, W.",
        2010,
        "Conducting meta-analyses in R with the metafor package",
        "Journal of Statistical Software 36(3), 1-48",
        "10.18637/jss.v036.i03",
    ),
    Reference(
        "viechtbauer2007",
        "Viechtbauer, W.",
        2007,
        "Confidence intervals for the amount of heterogeneity in meta-analysis",
        "Statistics in Medicine 26, 37-52",
        "10.1002/sim.2514",
    ),
    Reference(
        "hedges1981",
        "Hedges, L. V.",
        1981,
        "Distribution theory for Glass's estimator of effect size and related estimators",
        "Journal of Educational Statistics 6, 107-128",
        "10.3102/10769986006002107",
    ),
    Reference(
        "hedges1999",
        "Hedges, L. V.; Gurevitch, J.; Curtis, P. S.",
        1999,
        "The meta-analysis of response ratios in experimental ecology",
        "Ecology 80, 1150-1156",
        "10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2",
    ),
    Reference(
        "lajeunesse2011",
        "Lajeunesse, M. J.",
        2011,
        "On the meta-analysis of response ratios for studies with correlated and multi-group designs",
        "Ecology 92, 2049-2055",
        "10.1890/11-0423.1",
    ),
    Reference(
        "lajeunesse2015",
        "Lajeunesse, M. J.",
        2015,
        "Bias and correction for the log response ratio in ecological meta-analysis",
        "Ecology 96, 2056-2063",
        "10.1890/14-2402.1",
    ),
    Reference(
        "nakagawa2015",
        "Nakagawa, S.; Poulin, R.; Mengersen, K.; Reinhold, K.; Engqvist, L.; Lagisz, M.; Senior, A. M.",
        2015,
        "Meta-analysis of variation: ecological and evolutionary applications and beyond",
        "Methods in Ecology and Evolution 6, 143-152",
        "10.1111/2041-210X.12309",
    ),
    Reference(
        "dersimonian1986",
        "DerSimonian, R.; Laird, N.",
        1986,
        "Meta-analysis in clinical trials",
        "Controlled Clinical Trials 7, 177-188",
        "10.1016/0197-2456(86)90046-2",
    ),
    Reference(
        "paule1982",
        "Paule, R. C.; Mandel, J.",
        1982,
        "Consensus values and weighting factors",
        "Journal of Research of the National Bureau of Standards 87, 377-385",
        "10.6028/jres.087.022",
    ),
    Reference(
        "knapp2003",
        "Knapp, G.; Hartung, J.",
        2003,
        "Improved tests for a random effects meta-regression with a single covariate",
        "Statistics in Medicine 22, 2693-2710",
        "10.1002/sim.1482",
    ),
    Reference(
        "konstantopoulos2011",
        "Konstantopoulos, S.",
        2011,
        "Fixed effects and variance components estimation in three-level meta-analysis",
        "Research Synthesis Methods 2, 61-76",
        "10.1002/jrsm.35",
    ),
    Reference(
        "nakagawa2012",
        "Nakagawa, S.; Santos, E. S. A.",
        2012,
        "Methodological issues and advances in biological meta-analysis",
        "Evolutionary Ecology 26, 1253-1274",
        "10.1007/s10682-012-9555-5",
    ),
    Reference(
        "tipton2015",
        "Tipton, E.; Pustejovsky, J. E.",
        2015,
        "Small-sample adjustments for tests of moderators and model fit using robust variance estimation in "
        "meta-regression",
        "Journal of Educational and Behavioral Statistics 40, 604-634",
        "10.3102/1076998615606099",
    ),
    Reference(
        "pustejovsky2018",
        "Pustejovsky, J. E.; Tipton, E.",
        2018,
        "Small-sample methods for cluster-robust variance estimation and hypothesis testing in fixed effects models",
        "Journal of Business and Economic Statistics 36, 672-683",
        "10.1080/07350015.2016.1247004",
    ),
    Reference(
        "pustejovsky2022",
        "Pustejovsky, J. E.; Tipton, E.",
        2022,
        "Meta-analysis with robust variance estimation: expanding the range of working models",
        "Prevention Science 23, 425-438",
        "10.1007/s11121-021-01246-3",
    ),
    Reference(
        "egger1997",
        "Egger, M.; Davey Smith, G.; Schneider, M.; Minder, C.",
        1997,
        "Bias in meta-analysis detected by a simple, graphical test",
        "BMJ 315, 629-634",
        "10.1136/bmj.315.7109.629",
    ),
    Reference(
        "duval2000",
        "Duval, S.; Tweedie, R.",
        2000,
        "Trim and fill: a simple funnel-plot-based method of testing and adjusting for publication bias in "
        "meta-analysis",
        "Biometrics 56, 455-463",
        "10.1111/j.0006-341X.2000.00455.x",
    ),
    Reference(
        "nakagawa2021",
        "Nakagawa, S.; Lagisz, M.; O'Dea, R. E.; Rutkowska, J.; Yang, Y.; Noble, D. W. A.; Senior, A. M.",
        2021,
        "The orchard plot: cultivating a forest plot for use in ecology, evolution, and beyond",
        "Research Synthesis Methods 12, 4-12",
        "10.1002/jrsm.1424",
    ),
    Reference(
        "barnard1999",
        "Barnard, J.; Rubin, D. B.",
        1999,
        "Small-sample degrees of freedom with multiple imputation",
        "Biometrika 86, 948-955",
        "10.1093/biomet/86.4.948",
    ),
    Reference(
        "spohn2016",
        "Spohn, M.; Klaus, K.; Wanek, W.; Richter, A.",
        2016,
        "Microbial carbon use efficiency and biomass turnover times depending on soil depth - implications for carbon"
        " cycling",
        "Soil Biology and Biochemistry 96, 74-81",
        "10.1016/j.soilbio.2016.01.016",
    ),
    Reference(
        "zheng2019",
        "Zheng, Q.; Hu, Y.; Zhang, S.; Noll, L.; Böckle, T.; Richter, A.; Wanek, W.",
        2019,
        "Growth explains microbial carbon use efficiency across soils differing in land use and geology",
        "Soil Biology and Biochemistry 128, 45-55",
        "10.1016/j.soilbio.2018.10.006",
    ),
    Reference(
        "pold2020",
        "Pold, G.; Domeignoz-Horta, L. A.; DeAngelis, K. M.",
        2020,
        "Heavy and wet: the consequences of violating assumptions of measuring soil microbial growth efficiency using"
        " the 18O water method",
        "Elementa: Science of the Anthropocene 8, 069",
        "10.1525/elementa.069",
    ),
    Reference(
        "canarini2020",
        "Canarini, A.; Wanek, W.; Watzka, M.; Sandén, T.; Spiegel, H.; Šantrůček, J.; Schnecker, J.",
        2020,
        "Quantifying microbial growth and carbon use efficiency in dry soil environments via 18O water vapor "
        "equilibration",
        "Global Change Biology 26, 5333-5341",
        "10.1111/gcb.15168",
    ),
    Reference(
        "frey2013",
        "Frey, S. D.; Lee, J.; Melillo, J. M.; Six, J.",
        2013,
        "The temperature response of soil microbial efficiency and its feedback to climate",
        "Nature Climate Change 3, 395-398",
        "10.1038/nclimate1796",
    ),
    Reference(
        "geyer2019",
        "Geyer, K. M.; Dijkstra, P.; Sinsabaugh, R.; Frey, S. D.",
        2019,
        "Clarifying the interpretation of carbon use efficiency in soil through methods comparison",
        "Soil Biology and Biochemistry 128, 79-88",
        "10.1016/j.soilbio.2018.09.036",
    ),
    Reference(
        "geyer2016",
        "Geyer, K. M.; Kyker-Snowman, E.; Grandy, A. S.; Frey, S. D.",
        2016,
        "Microbial carbon use efficiency: accounting for population, community, and ecosystem-scale controls over the"
        " fate of metabolized organic matter",
        "Biogeochemistry 127, 173-188",
        "10.1007/s10533-016-0191-y",
    ),
    Reference(
        "vance1987",
        "Vance, E. D.; Brookes, P. C.; Jenkinson, D. S.",
        1987,
        "An extraction method for measuring soil microbial biomass C",
        "Soil Biology and Biochemistry 19, 703-707",
        "10.1016/0038-0717(87)90052-6",
    ),
    Reference(
        "jones2018",
        "Jones, D. L.; Hill, P. W.; Smith, A. R.; Farrell, M.; Ge, T.; Banning, N. C.; Murphy, D. V.",
        2018,
        "Role of substrate supply on microbial carbon use efficiency and its role in interpreting soil microbial "
        "community-level physiological profiles (CLPP)",
        "Soil Biology and Biochemistry 123, 1-6",
        "10.1016/j.soilbio.2018.04.014",
    ),
    Reference(
        "appuhn2006",
        "Appuhn, A.; Joergensen, R. G.",
        2006,
        "Microbial colonisation of roots as a function of plant species",
        "Soil Biology and Biochemistry 38, 1040-1051",
        "10.1016/j.soilbio.2005.09.002",
    ),
    Reference(
        "hungate2015",
        "Hungate, B. A.; Mau, R. L.; Schwartz, E.; Caporaso, J. G.; Dijkstra, P.; van Gestel, N.; Koch, B. J.; Liu, "
        "C. M.; McHugh, T. A.; Marks, J. C.; Morrissey, E. M.; Price, L. B.",
        2015,
        "Quantitative microbial ecology through stable isotope probing",
        "Applied and Environmental Microbiology 81, 7570-7581",
        "10.1128/AEM.02280-15",
    ),
    Reference(
        "koch2018",
        "Koch, B. J.; McHugh, T. A.; Hayer, M.; Schwartz, E.; Blazewicz, S. J.; Dijkstra, P.; van Gestel, N.; Marks, "
        "J. C.; Mau, R. L.; Morrissey, E. M.; Pett-Ridge, J.; Hungate, B. A.",
        2018,
        "Estimating taxon-specific population dynamics in diverse microbial communities",
        "Ecosphere 9, e02090",
        "10.1002/ecs2.2090",
    ),
    Reference(
        "simon1989",
        "Simon, M.; Azam, F.",
        1989,
        "Protein content and protein synthesis rates of planktonic marine bacteria",
        "Marine Ecology Progress Series 51, 201-213",
        "10.3354/meps051201",
    ),
    Reference(
        "rousk2007",
        "Rousk, J.; Bååth, E.",
        2007,
        "Fungal biomass production and turnover in soil estimated using the acetate-in-ergosterol technique",
        "Soil Biology and Biochemistry 39, 2173-2177",
        "10.1016/j.soilbio.2007.03.023",
    ),
    Reference(
        "soares2019",
        "Soares, M.; Rousk, J.",
        2019,
        "Microbial growth and carbon use efficiency in soil: links to fungal-bacterial dominance, SOC-quality and "
        "stoichiometry",
        "Soil Biology and Biochemistry 131, 195-205",
        "10.1016/j.soilbio.2019.01.010",
    ),
    Reference(
        "delgiorgio1998",
        "del Giorgio, P. A.; Cole, J. J.",
        1998,
        "Bacterial growth efficiency in natural aquatic systems",
        "Annual Review of Ecology and Systematics 29, 503-541",
        "10.1146/annurev.ecolsys.29.1.503",
    ),
    Reference(
        "sinsabaugh2012",
        "Sinsabaugh, R. L.; Follstad Shah, J. J.",
        2012,
        "Ecoenzymatic stoichiometry and ecological theory",
        "Annual Review of Ecology, Evolution, and Systematics 43, 313-343",
        "10.1146/annurev-ecolsys-071112-124414",
    ),
    Reference(
        "sinsabaugh2013",
        "Sinsabaugh, R. L.; Manzoni, S.; Moorhead, D. L.; Richter, A.",
        2013,
        "Carbon use efficiency of microbial communities: stoichiometry, methodology and modelling",
        "Ecology Letters 16, 930-939",
        "10.1111/ele.12113",
    ),
    Reference(
        "sinsabaugh2016",
        "Sinsabaugh, R. L.; Turner, B. L.; Talbot, J. M.; Waring, B. G.; Powers, J. S.; Kuske, C. R.; Moorhead, D. "
        "L.; Follstad Shah, J. J.",
        2016,
        "Stoichiometry of microbial carbon use efficiency in soils",
        "Ecological Monographs 86, 172-189",
        "10.1890/15-2110.1",
    ),
    Reference(
        "manzoni2008",
        "Manzoni, S.; Jackson, R. B.; Trofymow, J. A.; Porporato, A.",
        2008,
        "The global stoichiometry of litter nitrogen mineralization",
        "Science 321, 684-686",
        "10.1126/science.1159792",
    ),
    Reference(
        "manzoni2012",
        "Manzoni, S.; Taylor, P.; Richter, A.; Porporato, A.; Ågren, G. I.",
        2012,
        "Environmental and stoichiometric controls on microbial carbon-use efficiency in soils",
        "New Phytologist 196, 79-91",
        "10.1111/j.1469-8137.2012.04225.x",
    ),
    Reference(
        "manzoni2017",
        "Manzoni, S.; Čapek, P.; Mooshammer, M.; Lindahl, B. D.; Richter, A.; Šantrůčková, H.",
        2017,
        "Optimal metabolic regulation along resource stoichiometry gradients",
        "Ecology Letters 20, 1182-1191",
        "10.1111/ele.12815",
    ),
    Reference(
        "hansen2004",
        "Hansen, L. D.; Macfarlane, C.; McKinnon, N.; Smith, B. N.; Criddle, R. S.",
        2004,
        "Use of calorespirometric ratios, heat per CO2 and heat per O2, to quantify metabolic paths and energetics of"
        " growing cells",
        "Thermochimica Acta 422, 55-61",
        "10.1016/j.tca.2004.05.033",
    ),
    Reference(
        "yu2025",
        "Yu, K.; He, L.; Niu, S.; Wang, J.; Garcia-Palacios, P.; Dacal, M.; Averill, C.; Georgiou, K.; Ye, J.; Mo, F.; "
        "Yang, L.; Crowther, T. W.",
        2025,
        "Nonlinear microbial thermal response and its implications for abrupt soil organic carbon responses to warming",
        "Nature Communications 16, 2763",
        "10.1038/s41467-025-57900-9",
    ),
    Reference(
        "hu2024",
        "Hu, W. J.; Cai, Y.; Li, X. Q.; Jia, J.; Feng, X. J.",
        2024,
        "Microbial carbon accumulation efficiency: assessing microbial carbon pump efficiency based on 13C-glucose "
        "amendment experiment, data and code (commit 5d17433)",
        "GitHub repository Holinwj/Metadata",
    ),
    Reference(
        "brangari2025",
        "Brangarí, A. C.; Rousk, J.",
        2025,
        "A unified representation of the temperature dependences of soil microbial growth and respiration",
        "Communications Earth & Environment 6",
        "10.1038/s43247-025-02707-1",
    ),
    Reference(
        "bolscher2016",
        "Bölscher, T.; Wadsö, L.; Börjesson, G.; Herrmann, A. M.",
        2016,
        "Differences in substrate use efficiency: impacts of microbial community composition, land use management, and "
        "substrate complexity",
        "Biology and Fertility of Soils 52, 547-559",
        "10.1007/s00374-016-1097-5",
    ),
    Reference(
        "niedzwiecka2025",
        "Niedźwiecka, J.; Čapek, P.; Lara, A. C.; Jabinski, S.; Meador, T. B.; Šantrůčková, H.",
        2025,
        "Aeration and mineral composition of soil mediate microbial CUE",
        "SOIL 11, 735",
        "10.5194/soil-11-735-2025",
    ),
    Reference(
        "smart2024_code",
        "Smart, K.",
        2024,
        "RQ-CUE, figures and data of a manuscript for Biogeosciences (commit 652b691)",
        "GitHub repository ksmart4/RQ-CUE_EGU_Biogeosciences",
    ),
    Reference(
        "soilmb_code",
        "Čapek, P.",
        2023,
        "SoilMBVariability, data and scripts on the variability of soil microbial biomass (commit a00cf80)",
        "GitHub repository petacapek/SoilMBVariability",
    ),
    Reference(
        "muscarella2020",
        "Muscarella, M. E.; Howey, X. M.; Lennon, J. T.",
        2020,
        "Trait-based approach to bacterial growth efficiency",
        "Environmental Microbiology",
        "10.1111/1462-2920.15120",
    ),
    Reference(
        "sokol2019",
        "Sokol, N. W.; Bradford, M. A.",
        2019,
        "Microbial formation of stable soil carbon is more efficient from belowground than aboveground input",
        "Nature Geoscience 12, 46-53",
        "10.1038/s41561-018-0258-6",
    ),
    Reference(
        "xu2013",
        "Xu, X.; Thornton, P. E.; Post, W. M.",
        2013,
        "A global analysis of soil microbial biomass carbon, nitrogen and phosphorus in terrestrial ecosystems",
        "Global Ecology and Biogeography 22, 737-749",
        "10.1111/geb.12029",
    ),
    Reference(
        "patoine2022",
        "Patoine, G.; others",
        2022,
        "Drivers and trends of global soil microbial carbon over two decades, data and analyses (commit 259ad03)",
        "GitHub repository gpatoine/drivers_trends_microbial_carbon",
        "10.5281/zenodo.6645922",
    ),
    Reference(
        "georgiou2022",
        "Georgiou, K.; Jackson, R. B.; Vindušková, O.; others",
        2022,
        "Global stocks and capacity of mineral-associated soil organic carbon",
        "Nature Communications 13, 3797",
        "10.1038/s41467-022-31540-9",
    ),
    Reference(
        "he2016",
        "He, Y.; Trumbore, S. E.; Torn, M. S.; Harden, J. W.; Vaughn, L. J. S.; Allison, S. D.; Randerson, J. T.",
        2016,
        "Radiocarbon constraints imply reduced carbon uptake by soils during the 21st century",
        "Science 353, 1419-1424",
        "10.1126/science.aad4273",
    ),
    Reference(
        "lang2023",
        "Lang, A. K.; Pett-Ridge, J.; McFarlane, K. J.; Phillips, R. P.",
        2023,
        "Climate, soil mineralogy and mycorrhizal fungi influence soil organic matter fractions in eastern US "
        "temperate forests",
        "Journal of Ecology 111, 1254-1269",
        "10.1111/1365-2745.14094",
    ),
    Reference(
        "rothamsted_era",
        "Rothamsted Research",
        2023,
        "The electronic Rothamsted Archive (e-RA): data sets of long-term experiments (commit 73133e6); each names its "
        "own DOI",
        "GitHub repository Rothamsted-Ecoinformatics/eRA2023",
    ),
    Reference(
        "woolf2019",
        "Woolf, D.; Lehmann, J.",
        2019,
        "Microbial models with minimal mineral protection can explain long-term soil organic carbon persistence",
        "Scientific Reports 9, 6522",
        "10.1038/s41598-019-43026-8",
    ),
    Reference(
        "schadel2020",
        "Schädel, C.; Beem-Miller, J.; Aziz Rad, M.; Crow, S. E.; Hicks Pries, C.; Ernakovich, J.; Hoyt, A. M.; "
        "Plante, A.; Stoner, S.; Treat, C. C.; Sierra, C. A.",
        2020,
        "Decomposability of soil organic matter over time: the Soil Incubation Database (SIDb, version 1.0) and "
        "guidance for incubation procedures",
        "Earth System Science Data 12, 1511-1524",
        "10.5194/essd-12-1511-2020",
    ),
    Reference(
        "msbio_code",
        "Rocci, K.",
        2024,
        "MIMICS_MSBio, MIMICS for incubations and litter decay (commit 1b8e21f)",
        "GitHub repository katierocci/MIMICS_MSBio",
    ),
    Reference(
        "terrer2021",
        "Terrer, C.; Jackson, R. B.; Prentice, I. C.; others",
        2021,
        "A trade-off between plant and soil carbon storage under elevated CO2",
        "Nature 591, 599-603",
        "10.1038/s41586-021-03306-8",
    ),
    Reference(
        "yan2018",
        "Yan, Z.; Bond-Lamberty, B.; Todd-Brown, K. E.; others",
        2018,
        "A moisture function of soil heterotrophic respiration that incorporates microscale processes",
        "Nature Communications 9, 2562",
        "10.1038/s41467-018-04971-6",
    ),
    Reference(
        "memc_code",
        "The MEMC developers",
        2024,
        "MEMC, an R package of microbial-explicit soil models (commit 0af5bc0)",
        "GitHub repository Microbial-Explicit-Model/MEMC",
    ),
    Reference(
        "kaplan2003",
        "Kaplan, J. O.; others",
        2003,
        "Climate change and Arctic ecosystems: 2. Modeling, paleodata-model comparisons, and future projections",
        "Journal of Geophysical Research: Atmospheres 108, 8171",
        "10.1029/2002JD002559",
    ),
    Reference(
        "varney2022",
        "Varney, R. M.; others",
        2022,
        "CMIP_soilcarbon_evaluation, scripts and gridded soil carbon (commit 4054054)",
        "GitHub repository rebeccamayvarney/CMIP_soilcarbon_evaluation",
    ),
    Reference(
        "aas2024",
        "Aas, E. R.; de Wit, H. A.; Berntsen, T. K.",
        2024,
        "Modeling boreal forest soil dynamics with the microbially explicit soil model MIMICS+ (v1.0)",
        "Geoscientific Model Development 17, 2929",
        "10.5194/gmd-17-2929-2024",
    ),
    Reference(
        "bloom2016",
        "Bloom, A. A.; Exbrayat, J.-F.; van der Velde, I. R.; Feng, L.; Williams, M.",
        2016,
        "The decadal state of the terrestrial carbon cycle: global retrievals of terrestrial carbon allocation, pools, "
        "and residence times",
        "Proceedings of the National Academy of Sciences 113, 1285-1290",
        "10.1073/pnas.1515160113",
    ),
    Reference(
        "bgc_md2_code",
        "The bgc_md2 developers",
        2024,
        "bgc_md2, a database of compartmental models of the carbon cycle (commit f8c26e0)",
        "GitHub repository MPIBGC-TEE/bgc_md2",
    ),
    Reference(
        "gems_collections",
        "The maintainers of the collections",
        2024,
        "Collections of genome-scale metabolic models; the manifest names the paper of each model",
        "GitHub repositories SBRG/bigg_models_data, opencobra/m_model_collection, zoey-rw/soil_microbe_GEMs, "
        "Biosimulant/models-metabolism",
    ),
    Reference(
        "cmip6_tables",
        "PCMDI",
        2024,
        "CMIP6 CMOR tables (commit 087fe45)",
        "GitHub repository PCMDI/cmip6-cmor-tables",
    ),
    Reference(
        "chakrawal2020",
        "Chakrawal, A.; Herrmann, A. M.; Šantrůčková, H.; Manzoni, S.",
        2020,
        "Quantifying microbial metabolism in soils using calorespirometry - a bioenergetics perspective",
        "Soil Biology and Biochemistry 148, 107945",
        "10.1016/j.soilbio.2020.107945",
    ),
    Reference(
        "chakrawal2022",
        "Chakrawal, A.; Calabrese, S.; Herrmann, A. M.; Manzoni, S.",
        2022,
        "Interacting bioenergetic and stoichiometric controls on microbial growth",
        "Frontiers in Microbiology 13, 859063",
        "10.3389/fmicb.2022.859063",
    ),
    Reference(
        "dijkstra2011",
        "Dijkstra, P.; Dalder, J. J.; Selmants, P. C.; Hart, S. C.; Koch, G. W.; Schwartz, E.; Hungate, B. A.",
        2011,
        "Modeling soil metabolic processes using isotopologue pairs of position-specific 13C-labeled glucose and "
        "pyruvate",
        "Soil Biology and Biochemistry 43, 1848-1857",
        "10.1016/j.soilbio.2011.05.001",
    ),
    Reference(
        "hagerty2014",
        "Hagerty, S. B.; van Groenigen, K. J.; Allison, S. D.; Hungate, B. A.; Schwartz, E.; Koch, G. W.; Kolka, R. "
        "K.; Dijkstra, P.",
        2014,
        "Accelerated microbial turnover but constant growth efficiency with warming in soil",
        "Nature Climate Change 4, 903-906",
        "10.1038/nclimate2361",
    ),
    Reference(
        "jqmm_code",
        "Birkel, G. W.; Ghosh, A.; Kumar, V. S.; Weaver, D.; Ando, D.; Backman, T. W. H.; Arkin, A. P.; Keasling, J. "
        "D.; García Martín, H.",
        2017,
        "The JBEI quantitative metabolic modeling library (jQMM): a python library for modeling microbial metabolism",
        "BMC Bioinformatics 18, 205",
        "10.1186/s12859-017-1615-y",
    ),
    Reference(
        "heijnen1992",
        "Heijnen, J. J.; van Dijken, J. P.",
        1992,
        "In search of a thermodynamic description of biomass yields for the chemotrophic growth of microorganisms",
        "Biotechnology and Bioengineering 39, 833-858",
        "10.1002/bit.260390806",
    ),
    Reference(
        "kleerebezem2010",
        "Kleerebezem, R.; Van Loosdrecht, M. C. M.",
        2010,
        "A generalized method for thermodynamic state analysis of environmental systems",
        "Critical Reviews in Environmental Science and Technology 40, 1-54",
        "10.1080/10643380802000974",
    ),
    Reference(
        "mccarty2007",
        "McCarty, P. L.",
        2007,
        "Thermodynamic electron equivalents model for bacterial yield prediction: modifications and comparative "
        "evaluations",
        "Biotechnology and Bioengineering 97, 377-388",
        "10.1002/bit.21250",
    ),
    Reference(
        "jcgm2008",
        "Joint Committee for Guides in Metrology",
        2008,
        "Evaluation of measurement data - guide to the expression of uncertainty in measurement (JCGM 100:2008), and "
        "its supplement 1 on Monte Carlo (JCGM 101:2008)",
        "Bureau International des Poids et Mesures",
    ),
    Reference(
        "sierra2012",
        "Sierra, C. A.; Müller, M.; Trumbore, S. E.",
        2012,
        "Models of soil organic matter decomposition: the SoilR package, version 1.0",
        "Geoscientific Model Development 5, 1045-1060",
        "10.5194/gmd-5-1045-2012",
    ),
    Reference(
        "orth2010",
        "Orth, J. D.; Thiele, I.; Palsson, B. O.",
        2010,
        "What is flux balance analysis?",
        "Nature Biotechnology 28, 245-248",
        "10.1038/nbt.1614",
    ),
    Reference(
        "lewis2010",
        "Lewis, N. E.; Hixson, K. K.; Conrad, T. M.; Lerman, J. A.; Charusanti, P.; Polpitiya, A. D.; Adkins, J. N.; "
        "Schramm, G.; Purvine, S. O.; Lopez-Ferrer, D.; Weitz, K. K.; Eils, R.; König, R.; Smith, R. D.; "
        "Palsson, B. Ø.",
        2010,
        "Omic data from evolved E. coli are consistent with computed optimal growth from genome-scale models",
        "Molecular Systems Biology 6, 390",
        "10.1038/msb.2010.47",
    ),
    Reference(
        "fritzemeier2017",
        "Fritzemeier, C. J.; Hartleb, D.; Szappanos, B.; Papp, B.; Lercher, M. J.",
        2017,
        "Erroneous energy-generating cycles in published genome scale metabolic networks: identification and removal",
        "PLoS Computational Biology 13, e1005494",
        "10.1371/journal.pcbi.1005494",
    ),
    Reference(
        "tijhuis1993",
        "Tijhuis, L.; van Loosdrecht, M. C. M.; Heijnen, J. J.",
        1993,
        "A thermodynamically based correlation for maintenance Gibbs energy requirements in aerobic and anaerobic "
        "chemotrophic growth",
        "Biotechnology and Bioengineering 42, 509-519",
        "10.1002/bit.260420415",
    ),
    Reference(
        "pirt1965",
        "Pirt, S. J.",
        1965,
        "The maintenance energy of bacteria in growing cultures",
        "Proceedings of the Royal Society B 163, 224-231",
        "10.1098/rspb.1965.0069",
    ),
    Reference(
        "machado2018",
        "Machado, D.; Andrejev, S.; Tramontano, M.; Patil, K. R.",
        2018,
        "Fast automated reconstruction of genome-scale metabolic models for microbial species and communities",
        "Nucleic Acids Research 46, 7542-7553",
        "10.1093/nar/gky537",
    ),
    Reference(
        "teccampos2020",
        "Tec-Campos, D.; Zuniga, C.; Passi, A.; Del Toro, J.; Tibocha-Bonilla, J. D.; Zepeda, A.; Betenbaugh, M. J.; "
        "Zengler, K.",
        2020,
        "Modeling of nitrogen fixation and polymer production in the heterotrophic diazotroph Azotobacter vinelandii "
        "DJ",
        "Metabolic Engineering Communications 11, e00132",
        "10.1016/j.mec.2020.e00132",
    ),
    Reference(
        "peyraud2016",
        "Peyraud, R.; Cottret, L.; Marmiesse, L.; Gouzy, J.; Genin, S.",
        2016,
        "A resource allocation trade-off between virulence and proliferation drives metabolic versatility in the plant "
        "pathogen Ralstonia solanacearum",
        "PLoS Pathogens 12, e1005939",
        "10.1371/journal.ppat.1005939",
    ),
    Reference(
        "saifuddin2019",
        "Saifuddin, M.; Bhatnagar, J. M.; Segrè, D.; Finzi, A. C.",
        2019,
        "Microbial carbon use efficiency predicted from genome-scale metabolic models",
        "Nature Communications 10, 3568",
        "10.1038/s41467-019-11488-z",
    ),
    Reference(
        "capek2023",
        "Čapek, P.; Choma, M.; Kaštovská, E.; Tahovská, K.; Glanville, H. C.; Šantrůčková, H.",
        2023,
        "Revisiting soil microbial biomass: Considering changes in composition with growth rate",
        "Soil Biology and Biochemistry 184, 109103",
        "10.1016/j.soilbio.2023.109103",
    ),
    Reference(
        "manzoni2014",
        "Manzoni, S.; Schaeffer, S. M.; Katul, G.; Porporato, A.; Schimel, J. P.",
        2014,
        "A theoretical analysis of microbial eco-physiological and diffusion limitations to carbon cycling in drying "
        "soils",
        "Soil Biology and Biochemistry 73, 69-83",
        "10.1016/j.soilbio.2014.02.008",
    ),
    Reference(
        "dormand1980",
        "Dormand, J. R.; Prince, P. J.",
        1980,
        "A family of embedded Runge-Kutta formulae",
        "Journal of Computational and Applied Mathematics 6, 19-26",
        "10.1016/0771-050X(80)90013-3",
    ),
    Reference(
        "brangari2021",
        "Brangarí, A. C.; Manzoni, S.; Rousk, J.",
        2021,
        "The mechanisms underpinning microbial resilience to drying and rewetting - A model analysis",
        "Soil Biology and Biochemistry 162, 108400",
        "10.1016/j.soilbio.2021.108400",
    ),
    Reference(
        "li2023rewetting",
        "Li, X.; Leizeaga, A.; Rousk, J.; Hugelius, G.; Manzoni, S.",
        2023,
        "Drying intensity and acidity slow down microbial growth recovery after rewetting dry soils",
        "Soil Biology and Biochemistry 184, 109115",
        "10.1016/j.soilbio.2023.109115",
    ),
    Reference(
        "manzoni2021storage",
        "Manzoni, S.; Ding, Y.; Warren, C.; Banfield, C. C.; Dippold, M. A.; Mason-Jones, K.",
        2021,
        "Intracellular storage reduces stoichiometric imbalances in soil microbial biomass - a theoretical exploration",
        "Frontiers in Ecology and Evolution 9, 714134",
        "10.3389/fevo.2021.714134",
    ),
    Reference(
        "masonjones2023",
        "Mason-Jones, K.; Breidenbach, A.; Dyckmans, J.; Banfield, C. C.; Dippold, M. A.",
        2023,
        "Intracellular carbon storage by microorganisms is an overlooked pathway of biomass growth",
        "Nature Communications 14, 2240",
        "10.1038/s41467-023-37713-4",
    ),
    Reference(
        "cleveland2007",
        "Cleveland, C. C.; Liptzin, D.",
        2007,
        'C:N:P stoichiometry in soil: is there a "Redfield ratio" for the microbial biomass?',
        "Biogeochemistry 85, 235-252",
        "10.1007/s10533-007-9132-0",
    ),
    Reference(
        "rsofun_code",
        "The rsofun developers",
        2024,
        "rsofun, littersom.mod.f90 and its parameters ntoc_crit1 and ntoc_crit2 (commit 206f81c)",
        "GitHub repository geco-bern/rsofun",
    ),
)

REFERENCES = {reference.key: reference for reference in _REFERENCES}


def add_reference(added: Reference) -> None:
    """Make known what a model or scheme from elsewhere cites; a second, different reference of one key is refused."""
    present = REFERENCES.setdefault(added.key, added)
    if present != added:
        raise InputError(f"two references bear the key {added.key!r}: {present.text()} and {added.text()} Rename one.")


def reference(key: str) -> Reference:
    """The reference a key stands for.

    Raises
    ------
    InputError
        When nothing bears the key.
    """
    if key not in REFERENCES:
        raise unknown_name("reference", key, REFERENCES)
    return REFERENCES[key]


def bibliography(keys: Iterable[str], style: str = "text") -> list[str]:
    """References in the order of their first mention, each once.

    Parameters
    ----------
    keys : iterable of str
        Reference keys, repeats allowed.
    style : {"text", "bibtex"}
        How to print each.
    """
    if style not in ("text", "bibtex"):
        raise unknown_name("citation style", style, ("text", "bibtex"))
    return [getattr(reference(key), style)() for key in dict.fromkeys(keys)]
