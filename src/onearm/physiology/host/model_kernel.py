"""Made from the equations in `model.py`: `python -m onearm.physiology.host.model`. Not changed by hand."""

import math

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.compiled import compiled

Floats = NDArray[np.float64]

# ruff: noqa: E501
# fmt: off

(
    LNP, N, D, C, CRP, F, LDH, DD, T, A,
    LV, LD,
) = range(12)
(
    AT_tempo, AT_P_0, AT_k_pg, AT_P_inf, AT_k_pm, AT_s_m, AT_mu_m, AT_k_mp, AT_k_pn, AT_k_nn,
    AT_k_np, AT_k_nd, AT_s_nr, AT_mu_nr, AT_mu_n, AT_k_dn, AT_x_dn, AT_mu_d, AT_c_inf, AT_s_c,
    AT_k_cn, AT_k_cnd, AT_mu_c, AT_m_N, AT_m_D, AT_m_C, AT_w_s, AT_w_v, AT_emax, AT_EC50,
    AT_k_E, AT_k_b, AT_f_L, AT_phi_O, AT_d_L, AT_d_O, AT_r_L, AT_r_O, AT_q, AT_k_age,
    AT_viability, AT_l0, AT_g_N, AT_g_D, AT_k_c, AT_c0, AT_g_c, AT_K_c, AT_i_toci, AT_k_F,
    AT_F0, AT_g_F, AT_k_LDH, AT_LDH0, AT_g_LDH, AT_k_DD, AT_DD0, AT_g_DD, AT_k_T, AT_K_T,
    AT_T0, AT_rho_B, AT_D50, AT_pf_vent, AT_lag_vent, AT_pf_wean, AT_pf_width, AT_b0, AT_b1, AT_b2,
    AT_b3, AT_h0, AT_h1, AT_h2, AT_h3, AT_l_bg, AT_k_out, AT_r0, AT_tau_r, AT_r1,
    AT_z_age, AT_stay_out, AT_c_L, AT_c_O, AT_site_death, AT_sd_crp, AT_sd_ferritin, AT_sd_d_dimer, AT_sd_ldh, AT_sd_il6,
    AT_sd_t_cd3, AT_sd_b_cd19, AT_sd_pf, AT_sd_sofa, AT_ar_day, AT_sd_assay, AT_sd_film, AT_sd_reader,
) = range(98)
SCALES = (1.0, 1.0, 10.0, 1.0, 100.0, 1000.0, 1000.0, 1000.0, 1.0, 10.0, 1.0, 1.0)


@compiled
def rates(
    time: float,
    y: Floats,
    par: Floats,
    u: float,
    p_on: float,
    vent: float,
    out: float,
    again: float,
    t_ext: float,
    steroid: float,
    toci: float,
    dy: Floats,
) -> None:
    """Fill `dy` with the rates per day of the states."""
    tempo, k_pg, P_inf, k_pm, s_m, mu_m = par[0], par[2], par[3], par[4], par[5], par[6]
    k_mp, k_pn, k_nn, k_np, k_nd, s_nr = par[7], par[8], par[9], par[10], par[11], par[12]
    mu_nr, mu_n, k_dn, x_dn, mu_d, c_inf = par[13], par[14], par[15], par[16], par[17], par[18]
    s_c, k_cn, k_cnd, mu_c, m_N, m_D = par[19], par[20], par[21], par[22], par[23], par[24]
    m_C, w_s, w_v, l0, g_N, g_D = par[25], par[26], par[27], par[41], par[42], par[43]
    k_c, c0, g_c, K_c, i_toci, k_F = par[44], par[45], par[46], par[47], par[48], par[49]
    F0, g_F, k_LDH, LDH0, g_LDH, k_DD = par[50], par[51], par[52], par[53], par[54], par[55]
    DD0, g_DD, k_T, K_T, T0, D50 = par[56], par[57], par[58], par[59], par[60], par[62]
    pf_wean, pf_width, b0, b1, b2, b3 = par[65], par[66], par[67], par[68], par[69], par[70]
    h0, h1, h2, h3, l_bg, k_out = par[71], par[72], par[73], par[74], par[75], par[76]
    r0, tau_r, r1, z_age = par[77], par[78], par[79], par[80]
    lnP = y[0]
    N = y[1]
    D = y[2]
    C = y[3]
    CRP = y[4]
    F = y[5]
    LDH = y[6]
    DD = y[7]
    T = y[8]
    A = y[9]
    P = p_on*math.exp(lnP)
    f_1 = 1/(1 + (C/c_inf)**2)
    f_N = N*f_1
    R = (k_nn*N + k_np*P + k_nd*D)*f_1/((1 + m_N*u)*(1 + w_s*steroid))
    g_C = (N + k_cnd*D)*f_1
    d = D/(D + D50)
    intact = D50/(D + D50)
    PF = 50 + 400*intact*math.sqrt(intact)
    L = l0 + g_N*f_N + g_D*D
    Li = L*(1 - i_toci*toci)
    h_ext = math.exp(b0 + b1*math.log(PF/200) + b2*math.log(CRP/50) + b3*z_age)/(1 + math.exp((pf_wean - PF)/pf_width)) if vent > 0.0 else 0.0
    h_reint = r0*math.exp(-(time - t_ext)/tau_r)*(1 + r1*d) if again > 0.0 else 0.0
    h_lung = math.exp(h0 + h1*d + h2*A/10 + h3*z_age) if vent + out > 0.0 else 0.0
    dy[0] = p_on*24*tempo*(k_pg*(1 - P/P_inf) - k_pm*s_m/(mu_m + k_mp*P) - k_pn*f_N)
    dy[1] = 24*tempo*(s_nr*R/(mu_nr + R) - mu_n*N)
    dy[2] = 24*tempo*(k_dn*(1 + w_v*vent)*f_N**6/(x_dn**6 + f_N**6) - mu_d*(1 + m_D*u)*D)
    dy[3] = 24*tempo*(s_c + k_cn*(1 + m_C*u)*g_C/(1 + g_C) - mu_c*C)
    dy[4] = k_c*(c0 + g_c*Li/(K_c + Li) - CRP)
    dy[5] = k_F*(F0 + g_F*D - F)
    dy[6] = k_LDH*(LDH0 + g_LDH*D - LDH)
    dy[7] = k_DD*(DD0 + g_DD*D - DD)
    dy[8] = k_T*(T0/(1 + L/K_T) - T)
    dy[9] = (vent + out)*d
    dy[10] = h_ext + h_reint
    dy[11] = (vent + k_out*out)*h_lung + l_bg*(vent + out)


@compiled
def rates_with_cells(
    time: float,
    y: Floats,
    par: Floats,
    p_on: float,
    vent: float,
    out: float,
    again: float,
    t_ext: float,
    steroid: float,
    toci: float,
    dy: Floats,
) -> None:
    """Fill `dy` with the rates per day of the states and of the cells."""
    tempo, k_pg, P_inf, k_pm, s_m, mu_m = par[0], par[2], par[3], par[4], par[5], par[6]
    k_mp, k_pn, k_nn, k_np, k_nd, s_nr = par[7], par[8], par[9], par[10], par[11], par[12]
    mu_nr, mu_n, k_dn, x_dn, mu_d, c_inf = par[13], par[14], par[15], par[16], par[17], par[18]
    s_c, k_cn, k_cnd, mu_c, m_N, m_D = par[19], par[20], par[21], par[22], par[23], par[24]
    m_C, w_s, w_v, emax, EC50, k_E = par[25], par[26], par[27], par[28], par[29], par[30]
    k_b, f_L, phi_O, d_L, d_O, r_L = par[31], par[32], par[33], par[34], par[35], par[36]
    r_O, q, l0, g_N, g_D, k_c = par[37], par[38], par[41], par[42], par[43], par[44]
    c0, g_c, K_c, i_toci, k_F, F0 = par[45], par[46], par[47], par[48], par[49], par[50]
    g_F, k_LDH, LDH0, g_LDH, k_DD, DD0 = par[51], par[52], par[53], par[54], par[55], par[56]
    g_DD, k_T, K_T, T0, D50, pf_wean = par[57], par[58], par[59], par[60], par[62], par[65]
    pf_width, b0, b1, b2, b3, h0 = par[66], par[67], par[68], par[69], par[70], par[71]
    h1, h2, h3, l_bg, k_out, r0 = par[72], par[73], par[74], par[75], par[76], par[77]
    tau_r, r1, z_age = par[78], par[79], par[80]
    lnP = y[0]
    N = y[1]
    D = y[2]
    C = y[3]
    CRP = y[4]
    F = y[5]
    LDH = y[6]
    DD = y[7]
    T = y[8]
    A = y[9]
    Mb = y[12]
    ML = y[13]
    MO = y[14]
    E = y[16]
    f_O = (1 - f_L)*phi_O
    f_d = 1 - f_L - f_O
    u = emax*E/(EC50 + E)
    P = p_on*math.exp(lnP)
    f_1 = 1/(1 + (C/c_inf)**2)
    f_N = N*f_1
    R = (k_nn*N + k_np*P + k_nd*D)*f_1/((1 + m_N*u)*(1 + w_s*steroid))
    g_C = (N + k_cnd*D)*f_1
    d = D/(D + D50)
    intact = D50/(D + D50)
    PF = 50 + 400*intact*math.sqrt(intact)
    L = l0 + g_N*f_N + g_D*D
    Li = L*(1 - i_toci*toci)
    h_ext = math.exp(b0 + b1*math.log(PF/200) + b2*math.log(CRP/50) + b3*z_age)/(1 + math.exp((pf_wean - PF)/pf_width)) if vent > 0.0 else 0.0
    h_reint = r0*math.exp(-(time - t_ext)/tau_r)*(1 + r1*d) if again > 0.0 else 0.0
    h_lung = math.exp(h0 + h1*d + h2*A/10 + h3*z_age) if vent + out > 0.0 else 0.0
    dy[0] = p_on*24*tempo*(k_pg*(1 - P/P_inf) - k_pm*s_m/(mu_m + k_mp*P) - k_pn*f_N)
    dy[1] = 24*tempo*(s_nr*R/(mu_nr + R) - mu_n*N)
    dy[2] = 24*tempo*(k_dn*(1 + w_v*vent)*f_N**6/(x_dn**6 + f_N**6) - mu_d*(1 + m_D*u)*D)
    dy[3] = 24*tempo*(s_c + k_cn*(1 + m_C*u)*g_C/(1 + g_C) - mu_c*C)
    dy[4] = k_c*(c0 + g_c*Li/(K_c + Li) - CRP)
    dy[5] = k_F*(F0 + g_F*D - F)
    dy[6] = k_LDH*(LDH0 + g_LDH*D - LDH)
    dy[7] = k_DD*(DD0 + g_DD*D - DD)
    dy[8] = k_T*(T0/(1 + L/K_T) - T)
    dy[9] = (vent + out)*d
    dy[10] = h_ext + h_reint
    dy[11] = (vent + k_out*out)*h_lung + l_bg*(vent + out)
    dy[12] = -k_b*Mb + r_L*ML + r_O*MO
    dy[13] = f_L*k_b*Mb - (r_L + d_L)*ML
    dy[14] = f_O*k_b*Mb - (r_O + d_O)*MO
    dy[15] = f_d*k_b*Mb + d_L*ML + d_O*MO
    dy[16] = k_E*(q*ML - E)


@compiled
def start(par: Floats, y: Floats) -> float:
    """Fill `y` with the states at onset; returns `p_on`."""
    P_0, s_c, mu_c, l0, c0, g_c = par[1], par[19], par[22], par[41], par[45], par[46]
    K_c, F0, LDH0, DD0, K_T, T0 = par[47], par[50], par[53], par[56], par[59], par[60]
    y[1] = 0
    y[2] = 0
    y[3] = s_c/mu_c
    y[4] = c0 + g_c*l0/(K_c + l0)
    y[5] = F0
    y[6] = LDH0
    y[7] = DD0
    y[8] = T0/(1 + l0/K_T)
    y[9] = 0
    y[10] = 0
    y[11] = 0
    y[LNP] = math.log(P_0) if P_0 > 0.0 else 0.0
    return 1.0 if P_0 > 0.0 else 0.0


@compiled
def observe(y: Floats, par: Floats, p_on: float, out: Floats) -> None:
    """Fill `out` with P, L, PF."""
    c_inf, l0, g_N, g_D, D50 = par[18], par[41], par[42], par[43], par[62]
    lnP = y[0]
    N = y[1]
    D = y[2]
    C = y[3]
    P = p_on*math.exp(lnP)
    f_1 = 1/(1 + (C/c_inf)**2)
    f_N = N*f_1
    intact = D50/(D + D50)
    PF = 50 + 400*intact*math.sqrt(intact)
    L = l0 + g_N*f_N + g_D*D
    out[0] = P
    out[1] = L
    out[2] = PF
